import Resources

/// How far two peers trust each other to pay, as one of them keeps it. Mirrored: what this node granted is what the
/// peer received.
package struct TrustLine: Hashable, Codable, Sendable {
    package var peer: NodeID
    package var unit: LedgerUnit
    /// The most the peer may owe this node, reservations included.
    package var granted: Microcredits
    /// The most the peer lets this node owe, as it last said; `nil` before it has.
    package var received: Microcredits?
    /// The most this node is willing to owe the peer.
    package var ownCeiling: Microcredits

    package init(
        peer: NodeID, unit: LedgerUnit = .credit, granted: Microcredits, received: Microcredits? = nil,
        ownCeiling: Microcredits
    ) {
        self.peer = peer
        self.unit = unit
        self.granted = granted
        self.received = received
        self.ownCeiling = ownCeiling
    }

    /// What this node may owe the peer: the lower of both sides' limits.
    package var mayOwe: Microcredits { min(ownCeiling, received ?? ownCeiling) }
}
