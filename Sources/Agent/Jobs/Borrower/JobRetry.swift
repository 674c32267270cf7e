import Resources
import Wire

/// Whether and how a job is run again elsewhere when its machine is taken back or lost.
struct JobRetry: Hashable, Codable, Sendable {
    /// The most that may be asked for.
    static let most = 100
    static let usualPatience = Microseconds.minutes(2)

    /// How many times at most, at least once.
    let limit: Int
    /// How long a lender that cannot be reached is waited for.
    let patience: Microseconds

    init(limit: Int, patience: Microseconds = usualPatience) {
        self.limit = limit
        self.patience = patience
    }

    /// - Returns: `nil` when it is not to be run again.
    init?(_ wire: Surplus_V1_JobRetry, _ field: String) throws(FieldError) {
        limit = Int(try Field.integer(Int64(wire.limit), in: 0...Int64(Self.most), field + ".limit"))
        let patience = wire.patienceMicroseconds
        self.patience = patience == 0 ? Self.usualPatience : try Field.term(patience, field + ".patience_microseconds")
        guard limit > 0 else { return nil }
    }
}

/// A run of a job that was cut short.
struct JobAttempt: Hashable, Codable, Sendable {
    let lender: NodeID
    let lease: LeaseID
    let reason: String
    let endedAt: Timestamp
    let usage: Usage
}

extension Surplus_V1_JobRetry {
    init(_ retry: JobRetry) {
        self = .with { ($0.limit, $0.patienceMicroseconds) = (UInt32(retry.limit), retry.patience.rawValue) }
    }
}

extension Surplus_V1_JobAttempt {
    /// What is known here, without the name of the lender.
    init(_ attempt: JobAttempt) {
        self = .with {
            $0.lender = attempt.lender.description
            $0.lease = attempt.lease.description
            $0.reason = attempt.reason
            $0.endedAt = attempt.endedAt.microseconds
            $0.usage = Surplus_V1_Usage(attempt.usage)
        }
    }
}
