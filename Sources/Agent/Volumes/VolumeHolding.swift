import Resources

/// What this node has borrowed, or gives of its own, for a volume of which it is the home. It is written down before it is used, so that
/// nothing is left over of what was interrupted.
struct VolumeHolding: Codable, Hashable, Sendable {
    let volume: VolumeID
    /// Under which other nodes set room aside, in order.
    var leases: [LeaseID] = []
    /// What this node sets aside itself.
    var own = Bytes.zero
    /// What each node sets aside.
    var share: Bytes
    /// Which are to give room; empty for whoever lends it.
    var nodes: [NodeID]
    /// How many are to give room, besides those that it was made to leave; at least as many as there are to be copies where it is not
    /// known.
    var wanted: Int?
    /// Nodes that the volume is to leave.
    var leaving: [NodeID] = []
    /// Nodes that it was made to leave, or whose lease has ended before it was given back: others are asked for room before them.
    var left: [NodeID]?
    /// Nodes that may have blocks of it from the time of another home, and do not lend to this one yet.
    var formerLenders: [NodeID] = []
    /// Whether it is not complete yet: then it is taken apart when this node starts.
    var isUnfinished = true
}

extension VolumeHolding {
    /// Nothing is on these nodes any more.
    mutating func leftBehind(_ nodes: some Sequence<NodeID>) { left = Set(left ?? []).union(nodes).sorted() }

    /// The volume is to leave a node, and no other one has to give room instead of it.
    mutating func leave(_ node: NodeID) {
        guard !leaving.contains(node) else { return }
        leaving.append(node)
        wanted = wanted.map { $0 - 1 }
    }
}
