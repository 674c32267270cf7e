import Resources

/// Which shared entries a comparison wants to read of this node's ledger.
package struct SharedHistoryQuery: Hashable, Sendable {
    package var own: NodeID
    package var peer: NodeID
    /// Digest of the latest checkpoint with the peer.
    package var latest: Digest?
    package var scope: HistoryScope
    /// Whether what checkpoints cover is recounted as well, and held to what was signed.
    package var checksPast: Bool
    /// The first row of the ledger that may have something that the latest checkpoint does not cover.
    package var from: Int64

    package init(own: NodeID, peer: NodeID, latest: Digest?, scope: HistoryScope, checksPast: Bool, from: Int64) {
        self.own = own
        self.peer = peer
        self.latest = latest
        self.scope = scope
        self.checksPast = checksPast
        self.from = from
    }

    /// The last row that need not be read.
    package var start: Int64 {
        guard case .open(let base, _) = scope, base == latest, base != nil, !checksPast else { return 0 }
        return max(0, from - 1)
    }

    /// The most entries that are compared at once; where there are more, the rest follows once these are agreed on.
    package static let limit = 16_384
}

/// What a ledger has of a scope.
package struct SharedHistory: Sendable {
    /// Where the ledger stood.
    package var place: LedgerPlace
    /// The checkpoint that the entries follow.
    package var base: Checkpoint?
    package var baseDigest: Digest?
    /// The mark up to which the entries are all.
    package var until: UInt64
    /// In ascending order of their marks.
    package var entries: [SharedEntry]
    /// The rows in which they begin, place by place.
    package var sequences: [Int64]
    /// The first row of what is not among the entries, being beyond ``until``.
    package var rest: Int64?
    /// Whether there are more entries up to the mark that was asked for.
    package var isLimited: Bool
    /// The first checkpoint that the ledger does not come to any more.
    package var unsound: Digest?

    package init(
        place: LedgerPlace, base: Checkpoint? = nil, baseDigest: Digest? = nil, until: UInt64, entries: [SharedEntry],
        sequences: [Int64], rest: Int64? = nil, isLimited: Bool = false, unsound: Digest? = nil
    ) {
        self.place = place
        self.base = base
        self.baseDigest = baseDigest
        self.until = until
        self.entries = entries
        self.sequences = sequences
        self.rest = rest
        self.isLimited = isLimited
        self.unsound = unsound
    }

    /// Leaves out what is beyond a mark.
    package mutating func cut(at mark: UInt64) {
        guard mark < until else { return }
        let kept = entries.stretch(after: 0, through: mark).count
        rest = (sequences[kept...] + [rest].compactMap(\.self)).min()
        entries.removeSubrange(kept...)
        sequences.removeSubrange(kept...)
        until = mark
    }

    /// The first row that a checkpoint over these entries leaves to the next one.
    package var next: Int64 { rest ?? place.sequence + 1 }

    /// What the entries come to.
    package var sum: Charge { entries.reduce(.zero) { $0 + $1.moved } }
}
