import Resources

/// What this node has borrowed, or gives of its own, for a volume of which it is the home. It is written down before it is used, so that
/// nothing is left over of what was interrupted.
struct VolumeHolding: Codable, Hashable, Sendable {
    let volume: VolumeID
    /// Under which other nodes set room aside, in order.
    var leases: [LeaseID] = []
    /// Who lends under each: a lease is settled and forgotten long before what was stored under it has to be elsewhere. Not written
    /// down before there was one.
    var lenders: [LeaseID: NodeID]?
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
    /// Nodes that it was made to leave, or whose lease has ended before it was given back: others are asked for room before them. Not
    /// written down before there was one.
    var left: [NodeID]?
    /// Nodes that may have blocks of it from the time of another home, and do not lend to this one.
    var formerLenders: [NodeID] = []
    /// Those of them that have said that they have some, and whether they give room to that home; not written down before there was one.
    var found: [NodeID: Bool]?
    /// Asked for room in place of a node that the volume is to leave, as long as it is not sure that it does.
    var successor: NodeID?
    /// Since when the volume has another home; not written down before it had one.
    var movedSince: Timestamp?
    /// Somebody has it deleted: what was interrupted is finished.
    var deletion: Deletion?
    /// Whether it is not complete yet: then it is taken apart when this node starts.
    var isUnfinished = true

    struct Deletion: Codable, Hashable, Sendable {
        /// Of the home that deletes it.
        var epoch: UInt64
        var name: String
        /// Who asked.
        var user: String
    }
}

extension VolumeHolding {
    /// Nothing is on these nodes any more.
    mutating func leftBehind(_ nodes: some Sequence<NodeID>) { left = Set(left ?? []).union(nodes).sorted() }

    // MARK: Lenders of another home

    /// This node is the home, for the first time or again: whoever may have something of the volume is to be asked.
    mutating func comeBack(asking nodes: [NodeID]) { (movedSince, formerLenders) = (nil, nodes) }

    /// They have blocks of the volume.
    ///
    /// - Parameter nodes: with whether they give room to the home before; they have what is left of before otherwise.
    mutating func found(on nodes: [NodeID: Bool]) {
        guard !nodes.isEmpty else { return }
        found = (found ?? [:]).merging(nodes) { $1 }
    }

    /// A node has nothing from the time of another home any more, or lends to this one now.
    mutating func part(with node: NodeID) {
        formerLenders.removeAll { $0 == node }
        found?[node] = nil
    }

    /// Those that are known to have blocks, in order.
    var foundOn: [NodeID] { found?.keys.sorted() ?? [] }
    func hasOnlyRemains(on node: NodeID) -> Bool { found?[node] == false }

    // MARK: Lenders

    /// Leases that do not go on and that nothing has to be moved for any more, in order: nothing is left on their lenders, or those lend
    /// under others.
    ///
    /// - Parameters:
    ///   - open: that go on.
    ///   - empty: on which nothing is left.
    func over(besides open: Set<LeaseID>, emptied empty: Set<NodeID>) -> [LeaseID] {
        let lending = Set(open.compactMap { lenders?[$0] })
        return leases.filter { id in
            !open.contains(id) && lenders?[id].map { empty.contains($0) || lending.contains($0) } ?? true
        }
    }

    /// Those that lend no more and may still have something, in order.
    func draining(besides open: Set<LeaseID>) -> [NodeID] {
        let ended = leases.filter { !open.contains($0) }.compactMap { lenders?[$0] }
        return Set(ended).subtracting(open.compactMap { lenders?[$0] }).sorted()
    }

    /// Whom to ask for room in place of lenders that are gone: those alone that the volume was made to take, as long as all of them are in
    /// the pool; and those that it has left only when there is nobody else.
    ///
    /// - Parameters:
    ///   - members: of the pool.
    ///   - others: not to be asked: they give room, or are just taking it back.
    func candidates(among members: [NodeID], besides others: [NodeID]) -> [NodeID] {
        let isBound = !nodes.isEmpty && nodes.allSatisfy(members.contains)
        return candidates(isBound ? nodes : members, besides: others)
    }

    /// Whom to ask for room in place of one that the volume is made to leave: anybody, for with that one it cannot stay where it was
    /// made to be; and those that it has left only when there is nobody else.
    func candidates(inPlaceOf node: NodeID, among members: [NodeID], besides others: [NodeID]) -> [NodeID] {
        candidates(members, besides: others + [node])
    }

    private func candidates(_ nodes: [NodeID], besides others: [NodeID]) -> [NodeID] {
        let able = nodes.filter { !others.contains($0) && !leaving.contains($0) }
        let untouched = able.filter { !(left ?? []).contains($0) }
        return untouched.isEmpty ? able : untouched
    }

    /// A node is not left after all: who was to give room instead of it is.
    ///
    /// - Parameter isLender: whether it has given some.
    mutating func giveUpSuccessor(isLender: Bool) {
        if let node = successor, isLender, !leaving.contains(node) { leaving.append(node) }
        successor = nil
    }

    /// The volume is to leave a node.
    ///
    /// - Parameter successor: gives room instead of it; `nil` where none has to.
    mutating func leave(_ node: NodeID, for successor: NodeID? = nil) {
        self.successor = nil
        guard !leaving.contains(node) else { return }
        leaving.append(node)
        if let place = nodes.firstIndex(of: node) { nodes.replaceSubrange(place...place, with: successor.map { [$0] } ?? []) }
        if successor == nil { wanted = wanted.map { $0 - 1 } }
    }
}
