import FoundationEssentials
import GRPCCore
import Resources
import Synchronization
import Wire

/// Acts out a few programs:
///
/// `cat` copies standard input to standard output; `say TEXT ERROR` writes both; `exit N` and `die N` end with a status and
/// by a signal; `missing` is not found; `trap` writes each signal's number and ends by SIGTERM; `wait` never runs, but
/// says so; `starve` is throttled, frozen and let go on by its lender's owner, and writes `done` then;
/// `shortened` has not the lease that was asked for, which is said twice.
final class FakeJob: Sendable {
    private struct State {
        var stdin: [UInt8] = []
        var stdout: [UInt8] = []
        var stderr: [UInt8] = []
        var exit: Surplus_V1_ExitStatus?
        var isCancelled = false
        var signals: [UInt32] = []
    }

    let id: String
    let work: String
    private let spec: Surplus_V1_JobSpec
    private let state = Mutex(State())

    init(id: String, work: String, spec: Surplus_V1_JobSpec) {
        self.id = id
        self.work = work
        self.spec = spec
        state.withLock { Self.begin(spec, &$0) }
    }

    private static func begin(_ spec: Surplus_V1_JobSpec, _ state: inout State) {
        let number = spec.arguments.first.flatMap { UInt32($0) } ?? 0
        switch spec.program {
        case "say":
            state.stdout = Array(spec.arguments[0].utf8)
            state.stderr = Array(spec.arguments[1].utf8)
            state.exit = .with { $0.code = 0 }
        case "exit", "shortened": state.exit = .with { $0.code = number }
        case "die": state.exit = .with { $0.signal = number }
        case "trap": state.stdout = Array("ready\n".utf8)
        case "wait": state.stdout = Array("queued\n".utf8)
        case "missing": state.exit = .with { ($0.code, $0.notStarted) = (127, "not found") }
        default: break
        }
    }

    var signals: [UInt32] { state.withLock { $0.signals } }
    var received: Int64 { state.withLock { Int64($0.stdin.count) } }

    var info: Surplus_V1_JobInfo {
        let (exit, isCancelled) = state.withLock { ($0.exit, $0.isCancelled) }
        return .with {
            ($0.job, $0.spec, $0.lenderName) = (id, spec, "node2")
            $0.state = isCancelled ? .cancelled : exit == nil ? (spec.program == "wait" ? .queued : .running) : .finished
            if let exit { $0.exit = exit }
            if spec.program == "starve", exit == nil {
                ($0.standing.rung, $0.standing.reason, $0.startedAt) = ("frozen", "the owner is back", 1_767_225_600_000_000)
                $0.standing.using = .init(Amounts(cpu: 250, memory: .mebibytes(40)))
            }
            $0.missingOutputs = spec.outputs.filter { Scratch.isMissing("\(work)/\($0)") }
            $0.outputsReady = exit != nil
        }
    }

    func cancel() { state.withLock { $0.isCancelled = true } }

    func take(_ input: Surplus_V1_JobInput) {
        state.withLock { state in
            switch input.input {
            case .stdin(let data):
                precondition(input.stdinOffset <= Int64(state.stdin.count), "a gap in standard input")
                let fresh = data.dropFirst(state.stdin.count - Int(input.stdinOffset))
                state.stdin += fresh
                if spec.program == "cat" { state.stdout += fresh }
            case .stdinEnd:
                precondition(input.stdinOffset == Int64(state.stdin.count), "standard input ended elsewhere")
                if spec.program == "cat" { state.exit = .with { $0.code = 0 } }
            case .signal(let number):
                state.signals.append(number)
                guard spec.program == "trap" else { return }
                state.stdout += Array("signal \(number)\n".utf8)
                if number == 15 { state.exit = .with { $0.signal = 15 } }
            case .attach, nil: break
            }
        }
    }

    /// Writes what there is from the positions asked for, until the job has ended or enough was written to break off.
    func play(to response: RPCWriter<Surplus_V1_JobOutput>, from attach: Surplus_V1_JobAttach, breakAfter limit: Int) async throws
    {
        var (out, err, budget) = (Int(attach.stdoutOffset), Int(attach.stderrOffset), limit)
        let initial: Surplus_V1_JobState = spec.program == "wait" ? .queued : .running
        let remark = spec.program == "shortened" ? "its term is 2 s instead of 15 min" : ""
        for text in ["node2: waiting", "node2: starting"] {
            try await response.write(
                .with { $0.progress = .with { ($0.state, $0.text, $0.remark) = (initial, text, remark) } })
        }
        if spec.program == "starve", attach.follow {
            let steps = [
                ("shaped", ""), ("throttled", "the owner uses more"), ("frozen", "the owner is back"), ("throttled", ""),
                ("shaped", ""),
            ]
            for step in steps {
                try await response.write(
                    .with {
                        $0.progress.state = .running
                        ($0.progress.standing.rung, $0.progress.standing.reason) = step
                    })
            }
            state.withLock { ($0.stdout, $0.exit) = (Array("done\n".utf8), .with { $0.code = 0 }) }
        }
        while true {
            let (stdout, stderr, isOver) = state.withLock {
                (Array($0.stdout.dropFirst(out).prefix(1000)), Array($0.stderr.dropFirst(err)), $0.exit != nil || $0.isCancelled)
            }
            if !stdout.isEmpty {
                try await response.write(
                    .with { $0.data = .with { ($0.stream, $0.offset, $0.bytes) = (.stdout, Int64(out), Data(stdout)) } })
            }
            if !stderr.isEmpty {
                try await response.write(
                    .with { $0.data = .with { ($0.stream, $0.offset, $0.bytes) = (.stderr, Int64(err), Data(stderr)) } })
            }
            (out, err, budget) = (out + stdout.count, err + stderr.count, budget - stdout.count)
            if budget <= 0 { throw RPCError(code: .unavailable, message: "broken on purpose") }
            guard stdout.isEmpty, stderr.isEmpty else { continue }
            if isOver { return try await response.write(.with { $0.finished = info }) }
            guard attach.follow else { return }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
