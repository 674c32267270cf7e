import Resources

/// A transfer that moved something: an amount debited to one account and credited to another.
package struct PostedEntry: Encodable, Sendable {
    /// Tells it apart from others in a stream.
    private let record = "transfer"
    let sequence: Int64
    let at: CivilTime
    let transfer: String
    /// `lent`, `borrowed`, `compensation_earned`, `compensation_paid` or `disputed`.
    let purpose: String
    /// `earned`, `spent`, `peer:nde_...` or `disputed:nde_...`.
    let debit: String
    let credit: String
    let amountMicrocredits: Int64
    let peer: String
    let peerName: String
    let lease: String?

    package init(
        sequence: Int64, at: CivilTime, transfer: String, purpose: String, debit: String, credit: String, amount: Microcredits,
        peer: String, peerName: String, lease: String?
    ) {
        self.sequence = sequence
        self.at = at
        self.transfer = transfer
        self.purpose = purpose
        self.debit = debit
        self.credit = credit
        amountMicrocredits = amount.rawValue
        self.peer = peer
        self.peerName = peerName
        self.lease = lease
    }

    var amount: Microcredits { Microcredits(amountMicrocredits) }

    /// What it adds to what peers owe this node, less what this node owes them; zero for what is in dispute.
    var change: Microcredits {
        if debit.hasPrefix("peer:") { return amount }
        return credit.hasPrefix("peer:") ? -amount : .zero
    }
}

/// What stands on an account: debits less credits.
package struct AccountStanding: Encodable, Sendable {
    /// Tells it apart from others in a stream.
    private let record = "opening"
    let account: String
    let peer: String?
    let peerName: String?
    let netMicrocredits: Int64

    package init(account: String, peer: String?, peerName: String?, net: Microcredits) {
        self.account = account
        self.peer = peer
        self.peerName = peerName
        netMicrocredits = net.rawValue
    }

    var net: Microcredits { Microcredits(netMicrocredits) }
}

extension Microcredits {
    /// Credits with all six places, so that amounts stand below each other: `-0.016666`.
    var fixed: String { millionths(rawValue) }
}
