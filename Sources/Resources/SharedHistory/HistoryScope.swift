/// Which part of what was settled between two nodes is compared.
package enum HistoryScope: Hashable, Sendable {
    /// All that no checkpoint up to the given one covers, up to a mark; from the beginning when it is `nil`.
    case open(after: Digest?, until: UInt64)
    /// What one checkpoint has added: one side's ledger does not come to it any more.
    case recorded(Digest)

    /// Whether it begins with the first entry.
    package var isWhole: Bool { if case .open(nil, _) = self { true } else { false } }
}
