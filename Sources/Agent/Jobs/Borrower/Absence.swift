import GRPCCore
import Resources

/// That a run was over before its program had ended by itself.
struct EarlyEnd: Error {
    let outcome: JobEnd.Outcome
    init(_ outcome: JobEnd.Outcome) { self.outcome = outcome }
}

/// For how long a lender could not be reached.
struct Absence {
    /// `nil`: it is waited for as long as its lease lasts.
    let patience: Microseconds?
    let lenderName: String
    private var since: ContinuousClock.Instant?

    init(of lenderName: String, patience: Microseconds?) {
        self.lenderName = lenderName
        self.patience = patience
    }

    /// It was heard of.
    mutating func end() { since = nil }

    /// It could not be reached just now.
    ///
    /// - Throws: ``EarlyEnd`` when that goes on for too long.
    mutating func note(_ error: RPCError) throws(EarlyEnd) {
        let now = ContinuousClock.now
        let since = since ?? now
        self.since = since
        guard let patience, now - since >= .microseconds(patience.rawValue) else { return }
        throw EarlyEnd(.interrupted("\(lenderName) could not be reached for \(patience.text): \(error.message)"))
    }
}
