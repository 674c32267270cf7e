import Resources

/// How the blocks of a volume are, as far as their keeper knows.
package struct KeeperStanding: Hashable, Sendable {
    /// Blocks that are worked on, and that wait for it, because they have too few copies, or some where they are not to be.
    package let underway: Int
    package let waiting: Int
    /// Blocks without any good copy on a node that is heard of.
    package let unreachable: Int
    /// Blocks of which a copy is not what it should be.
    package let damaged: Int
    /// The fewest good copies that a block has which waits; `nil` when none waits.
    package let fewestCopies: Int?
    /// Whether all blocks were looked at since the stores were as they are.
    package let isSurveyed: Bool
    /// Nodes that are left and have nothing any more.
    package let evacuated: [NodeID]
}

extension Keeper {
    package var standing: KeeperStanding {
        KeeperStanding(
            underway: jobs.count, waiting: queue.count + deferred.count, unreachable: unreachable.count, damaged: damage.count,
            fewestCopies: queue.keys.first?.copies, isSurveyed: !survey.isUnderway && survey.ended != nil,
            evacuated: evacuated.sorted())
    }

    /// What a move of everything on a node takes, as things are now.
    package func plan(leaving node: NodeID, _ state: some VolumeState) -> EvacuationPlan {
        EvacuationPlan(leaving: node, state, stores, copies: options.copies, footprint: footprint)
    }
}
