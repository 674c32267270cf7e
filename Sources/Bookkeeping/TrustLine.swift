import Resources

/// How far two peers trust each other to pay, as one of them keeps it. Mirrored: what this node granted is what the
/// peer received.
package struct TrustLine: Hashable, Codable, Sendable {
    package var peer: NodeID
    package var unit: LedgerUnit
    /// The most the peer may owe this node, reservations included.
    package var granted: LedgerAmount
    /// The most the peer lets this node owe, as it last said; `nil` before it has.
    package var received: LedgerAmount?
    /// The most this node is willing to owe the peer.
    package var ownCeiling: LedgerAmount

    package init(
        peer: NodeID, unit: LedgerUnit, granted: LedgerAmount, received: LedgerAmount? = nil,
        ownCeiling: LedgerAmount
    ) {
        self.peer = peer
        self.unit = unit
        self.granted = granted
        self.received = received
        self.ownCeiling = ownCeiling
    }

    /// A trust line in credits.
    package init(peer: NodeID, granted: Microcredits, received: Microcredits? = nil, ownCeiling: Microcredits) {
        self.init(
            peer: peer, unit: .credit, granted: LedgerAmount(granted), received: received.map { LedgerAmount($0) },
            ownCeiling: LedgerAmount(ownCeiling))
    }

    /// What this node may owe the peer: the lower of both sides' limits.
    package var mayOwe: LedgerAmount { min(ownCeiling, received ?? ownCeiling) }
}
