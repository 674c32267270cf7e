import Resources
import Sandbox
import Wire

/// How a program ended.
enum ProgramExit: Hashable, Codable, Sendable {
    /// By itself, with this status, 0 to 255.
    case code(Int32)
    case signal(Int32)
    /// It never ran: it cannot be executed (126) or is not there (127).
    case notStarted(status: Int32, reason: String)

    var text: String {
        switch self {
        case .code(let code): "exit status \(code)"
        case .signal(let number): "signal \(number)"
        case .notStarted(_, let reason): "not started: \(reason)"
        }
    }
}

/// How a job ended, as the lender tells it.
struct JobEnd: Hashable, Codable, Sendable {
    enum Outcome: Hashable, Codable, Sendable {
        case exited(ProgramExit)
        /// The machine was taken back, or lost: the program did not end by itself and may run again elsewhere.
        case interrupted(String)
        /// A limit, or the end of its lease, ended the program.
        case stopped(String)
        /// It never ran, or what it made is out of reach.
        case failed(String)

        /// Why the program did not end by itself; `nil` when it did.
        var reason: String? {
            switch self {
            case .exited: nil
            case .interrupted(let reason), .stopped(let reason), .failed(let reason): reason
            }
        }
    }

    var outcome: Outcome
    /// What the kernel counted for the program. Processing only: memory is metered by lease.
    var usage: Usage

    static func failed(_ reason: String) -> Self { Self(outcome: .failed(reason), usage: .zero) }

    /// Whether the program may have made outputs.
    var hasRun: Bool {
        switch outcome {
        case .exited(.notStarted), .failed: false
        case .exited, .interrupted, .stopped: true
        }
    }

    /// Whether the program ran and was ended before it had made all that it was to make.
    var isEarly: Bool { hasRun && outcome.reason != nil }

    /// What the program has used, as it reports itself at its end; `nil` where that is not all of it.
    var reported: CoreMicroseconds? {
        switch outcome {
        case .exited(.code), .exited(.signal): usage.cpu
        case .exited(.notStarted), .interrupted, .stopped, .failed: nil
        }
    }

    var isInterruption: Bool { if case .interrupted = outcome { true } else { false } }
}

/// That the lease under which a program ran is over.
struct LeaseEnd: Hashable, Sendable {
    /// For people.
    let reason: String
    /// Whether its lender took it back, or could not provide it any more.
    let isLenders: Bool

    var outcome: JobEnd.Outcome { isLenders ? .interrupted(reason) : .stopped(reason) }
}

extension JobEnd {
    /// - Parameters:
    ///   - leaseEnd: why the lease had ended when the program did, if it had.
    ///   - notice: what the program was told of its end beforehand, if it was. One that then ends in good order has done its work.
    init(_ record: ExitRecord, leaseEnd: LeaseEnd?, notice: Notice? = nil) {
        usage = Usage(cpu: record.cpu)
        switch record.reason {
        case .exited(let status) where status != 0 && notice != nil: outcome = Self.leaving(notice, .code(status))
        case .exited(let status): outcome = .exited(.code(status))
        case .signalled(let number) where notice != nil: outcome = Self.leaving(notice, .signal(number))
        case .signalled(let number): outcome = leaseEnd?.outcome ?? .exited(.signal(number))
        case .notStarted(let status, let reason): outcome = .exited(.notStarted(status: status, reason: reason))
        case .sandboxFailed(let reason): outcome = .failed("the sandbox could not be made: \(reason)")
        case .stopped where notice != nil: outcome = Self.leaving(notice, nil)
        case .stopped(let reason): outcome = leaseEnd?.outcome ?? .stopped("the lender stopped the program: \(reason)")
        case .interrupted(let reason): outcome = .interrupted(reason)
        }
    }

    private static func leaving(_ notice: Notice?, _ exit: ProgramExit?) -> Outcome {
        .interrupted(
            "its machine was taken back: \(notice?.reason ?? "")\(exit.map { "; the program ended: \($0.text)" } ?? "")")
    }
}

// MARK: - As it travels

extension JobEnd {
    /// What a lender says of a job that has ended.
    init(_ info: Surplus_V1_JobInfo) throws(FieldError) {
        usage = try Usage(info.usage, "usage")
        switch info.state {
        case .finished: outcome = .exited(try ProgramExit(info.exit, "exit"))
        case .failed:
            let reason = try Field.text(info.failure, atMost: 4096, "failure")
            outcome = info.interrupted ? .interrupted(reason) : info.stopped ? .stopped(reason) : .failed(reason)
        default: throw FieldError("state", "is \(info.state) of a job that has ended")
        }
    }

    /// Tells it.
    func describe(in info: inout Surplus_V1_JobInfo) {
        info.usage = Surplus_V1_Usage(usage)
        switch outcome {
        case .exited(let exit):
            info.state = .finished
            info.exit = Surplus_V1_ExitStatus(exit)
        case .interrupted(let reason), .stopped(let reason), .failed(let reason):
            info.state = .failed
            info.failure = reason
            info.interrupted = isInterruption
            if case .stopped = outcome { info.stopped = true }
        }
    }
}

extension ProgramExit {
    init(_ wire: Surplus_V1_ExitStatus, _ field: String) throws(FieldError) {
        let code = Int64(wire.code)
        guard wire.notStarted.isEmpty else {
            let reason = try Field.text(wire.notStarted, atMost: 4096, field + ".not_started")
            self = .notStarted(status: Int32(try Field.integer(code, in: 126...127, field + ".code")), reason: reason)
            return
        }
        switch wire.how {
        case .code: self = .code(Int32(try Field.integer(code, in: 0...255, field + ".code")))
        case .signal(let number): self = .signal(Int32(try Field.integer(Int64(number), in: 1...64, field + ".signal")))
        case nil: throw FieldError(field, "is missing")
        }
    }
}

extension Surplus_V1_ExitStatus {
    init(_ exit: ProgramExit) {
        self = .with {
            switch exit {
            case .code(let code): $0.code = UInt32(code)
            case .signal(let number): $0.signal = UInt32(number)
            case .notStarted(let status, let reason):
                $0.code = UInt32(status)
                $0.notStarted = reason
            }
        }
    }
}
