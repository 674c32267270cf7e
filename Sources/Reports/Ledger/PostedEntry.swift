import Resources

/// A transfer that moved something: an amount debited to one account and credited to another.
package struct PostedEntry: Encodable, Sendable {
    /// Tells it apart from others in a stream.
    private let record = "transfer"
    let sequence: Int64
    let at: CivilTime
    let transfer: String
    /// As ``TransferPurpose`` has it.
    let purpose: String
    /// `earned`, `spent`, `converted`, `cancelled`, `decayed`, `swap:nde_...`, `peer:nde_...` or `disputed:nde_...`.
    let debit: String
    let credit: String
    let unit: LedgerUnit
    /// In base units.
    let amount: Int64
    /// The same, where the unit is the credit.
    let amountMicrocredits: Int64?
    let peer: String
    let peerName: String
    let lease: String?
    /// That it settles; left out where that was not asked for.
    let receipt: String?
    /// The second one of what is between two peers.
    let otherPeer: String?
    let otherPeerName: String?

    package init(
        sequence: Int64, at: CivilTime, transfer: String, purpose: String, debit: String, credit: String,
        unit: LedgerUnit = .credit, amount: Int64, peer: String, peerName: String, lease: String?, receipt: String? = nil,
        otherPeer: String? = nil, otherPeerName: String? = nil
    ) {
        self.sequence = sequence
        self.at = at
        self.transfer = transfer
        self.purpose = purpose
        self.debit = debit
        self.credit = credit
        self.unit = unit
        self.amount = amount
        amountMicrocredits = unit == .credit ? amount : nil
        self.peer = peer
        self.peerName = peerName
        self.lease = lease
        self.receipt = receipt
        self.otherPeer = otherPeer
        self.otherPeerName = otherPeerName
    }

    /// What it adds to what is in dispute, in base units; negative where it was accepted or dropped.
    var disputed: Int64 { debit.hasPrefix("disputed:") ? amount : credit.hasPrefix("disputed:") ? -amount : 0 }

    /// A peer, and what is added to what it owes this node, less what this node owes it, in base units.
    struct Change {
        let peer: String
        let peerName: String
        let amount: Int64
    }

    /// Of each peer whose balance it changes; none for what is in dispute.
    var changes: [Change] {
        [(debit, amount), (credit, -amount)].compactMap { account, amount in
            guard account.hasPrefix("peer:"), let (peer, peerName) = party(of: account) else { return nil }
            return Change(peer: peer, peerName: peerName, amount: amount)
        }
    }

    /// The peer that an account is about.
    func party(of account: String) -> (id: String, name: String)? {
        guard let colon = account.firstIndex(of: ":") else { return nil }
        if let otherPeer, account[colon...].dropFirst() == otherPeer { return (otherPeer, otherPeerName ?? otherPeer) }
        return (peer, peerName)
    }
}

/// What stands on an account: debits less credits.
package struct AccountStanding: Encodable, Sendable {
    /// Tells it apart from others in a stream.
    private let record = "opening"
    let account: String
    let peer: String?
    let peerName: String?
    let unit: LedgerUnit
    /// In base units.
    let net: Int64
    /// The same, where the unit is the credit.
    let netMicrocredits: Int64?

    package init(account: String, peer: String?, peerName: String?, unit: LedgerUnit = .credit, net: Int64) {
        self.account = account
        self.peer = peer
        self.peerName = peerName
        self.unit = unit
        self.net = net
        netMicrocredits = unit == .credit ? net : nil
    }
}

extension Microcredits {
    /// Credits with all six places, so that amounts stand below each other: `-0.016666`.
    var fixed: String { millionths(rawValue) }
}
