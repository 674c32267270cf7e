import Bookkeeping
import Resources
import Trading

/// What a peer asks about and this node does not have at hand any more: its ledger has all that it ever signed, so nothing that is
/// answered from there can be asked too late.
package struct Recall: Sendable {
    package let subject: RecallSubject
    /// Who asks.
    let peer: NodeID
    /// What it said, to be looked at again.
    let message: TradeMessage
}

/// How often the ledger was looked into for one peer of late.
struct RecallBudget: Sendable {
    private static let most = 32
    private static let span = Microseconds.minutes(1)

    private var began: Instant
    private var taken = 0

    init(at now: Instant) { began = now }

    /// Whether once more is not too often. What is not looked up is asked again.
    mutating func take(at now: Instant) -> Bool {
        if now - began >= Self.span { self = RecallBudget(at: now) }
        guard taken < Self.most else { return false }
        taken += 1
        return true
    }
}
