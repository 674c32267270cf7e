import Resources

/// The home of a volume, and the nodes that keep its journal too.
///
/// A record is durable once the home and one backup have synced it (the home alone, where there is no backup). Whatever set of nodes
/// has one in common with each of these has a say in what comes next: the home and a backup, or all backups. Any two such sets have
/// a node in common (the Wheel: M. Naor, A. Wool, "The load, capacity, and availability of quorum systems", 1998).
package struct JournalSet: Hashable, Sendable {
    package let home: NodeID
    /// In order, each once, without the home.
    package let backups: [NodeID]

    package init(home: NodeID, backups: some Sequence<NodeID>) {
        self.home = home
        self.backups = Set(backups).subtracting([home]).sorted()
    }

    package var nodes: [NodeID] { (backups + [home]).sorted() }

    /// Whether some of its nodes suffice to decide.
    ///
    /// - Parameter expelled: nodes from which nobody takes anything any more, for good. Where all backups are among them they cannot
    ///   decide without the home, which has all that was durable: it decides alone.
    package func isQuorum(without expelled: Set<NodeID> = [], _ isIn: (NodeID) -> Bool) -> Bool {
        guard isIn(home) else { return !backups.isEmpty && backups.allSatisfy(isIn) }
        return backups.allSatisfy(expelled.contains) || backups.contains(where: isIn)
    }
}

/// Which nodes keep the journal, from the record on that says so.
///
/// While one set takes the place of another, both have to agree (joint consensus, section 6 of the paper on Raft). The record that
/// ends that is written when the one that began it is durable.
package struct JournalMembership: Hashable, Sendable {
    /// The most sets that have to agree.
    package static let mostSets = 16

    package let set: JournalSet
    /// Those whose place it takes, the latest first.
    package let outgoing: [JournalSet]

    package init(_ set: JournalSet, outgoing: [JournalSet] = []) {
        self.set = set
        self.outgoing = outgoing
    }

    /// Another set takes the place of this one.
    package func replaced(by next: JournalSet) -> Self {
        Self(next, outgoing: ([set] + outgoing).filter { $0 != next })
    }

    package var sets: [JournalSet] { [set] + outgoing }
    package var nodes: [NodeID] { Set(sets.flatMap(\.nodes)).sorted() }

    /// As ``JournalSet/isQuorum(without:_:)``, in each of the sets.
    package func isQuorum(without expelled: Set<NodeID> = [], _ isIn: (NodeID) -> Bool) -> Bool {
        #if Defects
            if VolumeDefect.active == .outgoingForgotten { return set.isQuorum(without: expelled, isIn) }
        #endif
        return sets.allSatisfy { $0.isQuorum(without: expelled, isIn) }
    }
}
