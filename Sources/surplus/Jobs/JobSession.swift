import Glibc
import Resources
import Synchronization
import Wire

/// Stands in for a program that runs elsewhere: gives it this program's streams and signals until it ends, and brings its
/// outputs home.
final class JobSession: Sendable {
    private let agent: AgentLink
    private let console: Console
    private let outputs: OutputRequests?
    /// What is followed now; `nil` before the job is accepted and after it has ended.
    private let stream = Mutex<JobStream?>(nil)
    private let job = Mutex<String?>(nil)

    /// - Parameter outputs: where outputs go; `nil` to leave them with the agent.
    init(agent: AgentLink, console: Console, outputs: OutputRequests?) {
        self.agent = agent
        self.console = console
        self.outputs = outputs
    }

    /// Does `work` while signals to this program mean what ``Interrupts`` says.
    func obeyingSignals(_ work: @Sendable @escaping () async throws -> Int32) async throws -> Int32 {
        let signals = SignalSource.stream()
        defer { console.clear() }
        return try await Interruption.around(work) { [self] in
            var interrupts = Interrupts()
            for await signal in signals {
                let phase = stream.withLock { $0 }?.phase ?? .outOfReach
                try await obey(interrupts.receive(signal, during: phase, at: .bootTime), signal)
            }
        }
    }

    /// Follows `job` to its end and fetches its outputs.
    ///
    /// - Returns: the status to exit with.
    func attend(_ job: String, input: JobInputQueue) async throws -> Int32 {
        let stream = JobStream(job: job, agent: agent, input: input, console: console)
        self.job.withLock { $0 = job }
        self.stream.withLock { $0 = stream }
        let ended = try await stream.follow()
        self.stream.withLock { $0 = nil }
        return try await finish(ended)
    }

    /// Says how a job that has ended did so, and fetches its outputs.
    ///
    /// - Returns: the status to exit with: that of the program, unless it is zero and an output is missing.
    func finish(_ job: Surplus_V1_JobInfo) async throws -> Int32 {
        let outcome = Outcome(of: job)
        if let remark = outcome.remark { console.note(remark) }
        guard let outputs, !job.productNames.isEmpty, job.exit.notStarted.isEmpty else { return outcome.status }
        if job.outputsReady { try await OutputFetch(agent: agent, console: console).fetch(job, to: outputs) }
        for output in job.missingOutputs { console.note("\(output): the program did not make this output") }
        let isIncomplete = !job.outputsReady || !job.missingOutputs.isEmpty
        return outcome.status == 0 && isIncomplete ? Outcome.surplusFailed : outcome.status
    }

    private func obey(_ meaning: Interrupts.Meaning, _ signal: Int32) async throws {
        switch meaning {
        case .forward(let number):
            stream.withLock { $0 }?.input.add(signal: number)
            if signal == SIGINT, console.isInteractive {
                console.note("passed on to the program; Ctrl-C three times within \(Interrupts.patience.text) cancels the job")
            }
        case .cancel: await cancel()
        case .detach: throw interrupted(by: signal)
        }
    }

    private func interrupted(by signal: Int32) -> Failure {
        let status = 128 + signal
        guard let job = job.withLock({ $0 }) else {
            return Failure(object: "", fault: "interrupted before the job was accepted", status: status)
        }
        return Failure(
            object: job, fault: "left to itself", remedy: "'surplus job attach \(job)' gets back to it", status: status)
    }

    private func cancel() async {
        guard let job = job.withLock({ $0 }) else { return }
        console.note("cancelling \(job)")
        do {
            _ = try await agent.ask { try await $0.cancelJob(.with { $0.job = job }, options: $1) }
        } catch {
            // When the job ended meanwhile, nobody waits for the answer any more.
            if !Task.isCancelled { console.note("\(error)") }
        }
    }
}

extension Instant {
    /// Now, on the clock since boot.
    static var bootTime: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
