import Resources

/// Why a node does not become the home of a volume. Nothing is lost by it, and another attempt may come to something else.
package enum TakeoverRefusal: Error, Hashable, Sendable {
    /// It does not keep the volume's journal, or not any more.
    case notMember(NodeID, JournalSet)
    /// It wanted to go on as the home, and another one has taken its place.
    case moved(to: NodeID)
    /// What is to be heard of is not: any of these may have records that were durable and nobody else has.
    case unheard([NodeID], of: JournalSet)
    /// Its journal lacks what another one has, and cannot take it, for that is not kept any more.
    case behind(own: LogPosition, NodeID, LogPosition)
    /// Somebody else takes over at the same time.
    case superseded(by: UInt64)
    /// So many attempts were begun and not ended that no more can be.
    case tooManySets
    /// It takes over, or is the home, already.
    case underway
}

extension TakeoverRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notMember(let node, let set):
            """
            \(node) does not keep this volume's journal; take over on \(set.backups.isEmpty ? "\(set.home)" : Self.list(set.nodes))
            """
        case .moved(let home): "the volume has its home on \(home) now"
        case .unheard(let nodes, let set):
            """
            nothing is heard of \(Self.list(nodes)), which may have acknowledged changes that no other node has; bring one of these up: \
            the home \(set.home), or all backups (\(Self.list(set.backups)))
            """
        case .behind(let own, let node, let theirs):
            "its journal ends with record \(own.index), and that of \(node) with \(theirs.index); take over on \(node)"
        case .superseded(let epoch): "another node takes over, in epoch \(epoch); see what became of that and try again"
        case .tooManySets: "too many attempts to take over were not ended; bring the nodes of one of them up"
        case .underway: "it is the home or takes over already"
        }
    }

    private static func list(_ nodes: [NodeID]) -> String { nodes.map(\.description).joined(separator: ", ") }
}
