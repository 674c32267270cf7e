import GRPCCore
import Glibc
import Resources
import Synchronization
import Wire

/// Follows a job: writes its output here, sends it what is queued, and when the agent goes away comes back to where it was.
final class JobStream: Sendable {
    private struct State {
        var cursor = OutputCursor()
        var phase = Interrupts.Phase.starting
        var stdoutIsClosed = false
        /// Something came over the current connection.
        var isHeard = false
        /// Runs that were cut short, as far as that was said; `nil` before the first word.
        var attempts: Int?
        /// Why its lease is not what was asked for, as far as that was said.
        var remark = ""
        /// What its owner leaves a running job, as far as that was said: `throttled`, `frozen`, `ending`; empty for all of its lease.
        var hold = ""
    }

    let job: String
    let input: JobInputQueue
    private let agent: AgentLink
    private let console: Console
    private let state = Mutex(State())

    init(job: String, agent: AgentLink, input: JobInputQueue, console: Console) {
        self.job = job
        self.agent = agent
        self.input = input
        self.console = console
    }

    var phase: Interrupts.Phase { state.withLock { $0.phase } }

    /// Writes what the job has written and goes on until it has ended.
    ///
    /// - Throws: ``Failure`` when the agent stays away, or knows no such job.
    func follow() async throws -> Surplus_V1_JobInfo {
        var backoff = Backoff()
        var isAway = false
        while true {
            do {
                if let job = try await attach(follow: true) { return job }
            } catch let failure as Failure where failure.isLostConnection {}
            try Task.checkCancellation()
            if state.withLock({ $0.isHeard }) { (backoff, isAway) = (Backoff(), false) }
            state.withLock { ($0.phase, $0.isHeard) = (.outOfReach, false) }
            guard let pause = backoff.wait() else {
                throw Failure(object: job, fault: "the agent is gone", remedy: "'surplus job attach \(job)' when it is back")
            }
            if !isAway { console.note("lost the agent; the job goes on, connecting again") }
            isAway = true
            try await Task.sleep(for: pause)
        }
    }

    /// Writes what there is, and ends.
    func replay() async throws { _ = try await attach(follow: false) }

    /// One connection's worth.
    ///
    /// - Returns: `nil` when it ended before the job did.
    private func attach(follow: Bool) async throws -> Surplus_V1_JobInfo? {
        input.reconnect()
        let attach = Surplus_V1_JobInput.with { message in
            message.attach.job = job
            message.attach.follow = follow
            state.withLock { (message.attach.stdoutOffset, message.attach.stderrOffset) = ($0.cursor.stdout, $0.cursor.stderr) }
        }
        return try await agent.connected { control in
            let request = StreamingClientRequest(of: Surplus_V1_JobInput.self) { [input] writer in
                try await writer.write(attach)
                while let next = await input.next() { try await writer.write(next) }
            }
            return try await control.attachJob(request: request) { response in
                for try await output in response.messages {
                    if let job = try await self.take(output) { return job }
                }
                return nil
            }
        }
    }

    /// - Returns: the job, when this was its end.
    private func take(_ message: Surplus_V1_JobOutput) async throws -> Surplus_V1_JobInfo? {
        state.withLock { $0.isHeard = true }
        switch message.output {
        case .progress(let progress):
            let phase = progress.state.phase
            let known = state.withLock { state in
                let known = state.attempts ?? progress.attempts.count
                // another run is another lease's
                if progress.attempts.count > known { state.hold = "" }
                (state.phase, state.attempts) = (phase, progress.attempts.count)
                return known
            }
            for attempt in progress.attempts.dropFirst(known) {
                console.note("\(attempt.lenderName): \(attempt.reason); it is run again")
            }
            tellRemark(progress)
            tellHold(progress)
            // While the program runs its output is what there is to see; afterwards only a transfer is worth a line.
            let isNews = phase == .starting || phase == .outOfReach && progress.totalBytes > 0
            if isNews { console.progress(progress.line) } else { console.clear() }
        case .data(let data):
            try await write(data)
        case .stdinReceived(let position):
            input.acknowledge(position)
        case .finished(let job):
            state.withLock { $0.phase = .outOfReach }
            console.clear()
            return job
        case nil:
            break
        }
        return nil
    }

    /// Says once why a lease is not what was asked for.
    private func tellRemark(_ progress: Surplus_V1_JobProgress) {
        let isNews = state.withLock { state in
            defer { state.remark = progress.remark }
            return !progress.remark.isEmpty && state.remark != progress.remark
        }
        if isNews, !console.isQuiet { console.note("not all that was asked for: \(progress.remark)") }
    }

    /// Says once that the lender's owner takes something from the job, or gives it back: else it would just be silent.
    private func tellHold(_ progress: Surplus_V1_JobProgress) {
        guard progress.hasStanding else { return }
        let hold = progress.standing.rung == "shaped" ? "" : progress.standing.rung
        let before = state.withLock { state in
            defer { state.hold = hold }
            return state.hold
        }
        guard hold != before, !console.isQuiet else { return }
        console.note(progress.standing.remark(after: before))
    }

    private func write(_ data: Surplus_V1_JobData) async throws {
        let (bytes, isClosed) = try state.withLock { state in
            do throws(OutputCursor.Gap) {
                return (try state.cursor.take(data), state.stdoutIsClosed)
            } catch {
                throw Failure(
                    object: job, fault: "\(error.stream) from byte \(error.from) to \(error.to) is lost",
                    remedy: "see 'surplus job logs \(job)'")
            }
        }
        let descriptor = data.stream == .stderr ? STDERR_FILENO : STDOUT_FILENO
        guard !bytes.isEmpty, !(isClosed && descriptor == STDOUT_FILENO) else { return }
        switch await console.write(bytes, to: descriptor) {
        case 0: break
        case EPIPE where descriptor == STDOUT_FILENO:
            // As if the program itself had written to a pipe that nobody reads any more.
            state.withLock { $0.stdoutIsClosed = true }
            input.add(signal: UInt32(SIGPIPE))
        case EPIPE: break
        case let code: throw Failure(descriptor == STDOUT_FILENO ? "standard output" : "standard error", errno: code)
        }
    }
}

extension Surplus_V1_JobState {
    fileprivate var phase: Interrupts.Phase {
        switch self {
        case .running: .running
        case .collecting, .finished, .failed, .cancelled: .outOfReach
        case .queued, .staging, .unspecified, .UNRECOGNIZED: .starting
        }
    }
}

extension Surplus_V1_JobStanding {
    /// What becomes of the job now.
    func remark(after before: String) -> String {
        let why = reason.isEmpty ? "" : ": \(reason)"
        return switch rung {
        case "shaped": "the job has all of its lease again"
        case "throttled" where before == "frozen": "the job goes on, throttled"
        case "throttled": "the job is throttled for the owner of its machine\(why)"
        case "frozen": "the job is frozen until the owner of its machine needs less\(why)"
        case "ending": "the job ends, for the owner of its machine\(why)"
        default: "the job is \(rung)\(why)"
        }
    }
}

extension Surplus_V1_JobProgress {
    /// `node2: sending 3 of 10 MiB`.
    var line: String {
        guard totalBytes > 0 else { return text }
        return "\(text) \(Bytes(doneBytes).shortText) of \(Bytes(totalBytes).shortText)"
    }
}
