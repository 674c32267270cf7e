package import Frames
package import Resources
package import VolumeStore
package import Volumes

/// What the homes of a node have to do with.
package struct HomesSurroundings: Sendable {
    package let identity: any FrameIdentity
    package let clock: @Sendable () -> Moment
    /// Where the frame server of a node is reached now; `nil` when that is not known. Must not block.
    package let reach: @Sendable (NodeID) -> NodeEndpoint?
    /// Which nodes may use volumes.
    package var rule: VolumeRule = { _, _, _ in nil }
    /// Why this node does not keep the journal of a volume for a node that has no say in it yet; `nil` when it does.
    package var accepts: @Sendable (VolumeID, NodeID) -> String? = { _, _ in nil }
    /// Is told what people may want to know, on any thread; must not block.
    package var report: @Sendable (VolumeID, _ name: String?, VolumeNews) -> Void = { _, _, _ in }

    package init(
        identity: any FrameIdentity, clock: @escaping @Sendable () -> Moment,
        reach: @escaping @Sendable (NodeID) -> NodeEndpoint?
    ) {
        (self.identity, self.clock, self.reach) = (identity, clock, reach)
    }

    package var node: NodeID { identity.node }
}

package struct HomesOptions: Sendable {
    /// ``VolumeHome/Options/grace`` is set to what ``journal`` asks for.
    package var home = VolumeHome<SQLiteState>.Options()
    package var database = VolumeDatabase.Options()
    package var journal = JournalReplica.Options()
    package var pool = FramePool.Options()
    /// The number of copies is that of each volume.
    package var keeper = Keeper.Options(copies: 1)
    /// After so long without an answer a store counts as lost; how stores are is asked about once a second.
    package var storePatience = Microseconds.seconds(10)
    /// So long each backup is waited for that is told that a volume is deleted.
    package var deletionPatience = Duration.seconds(5)

    package init() {}
}

/// Something that people may want to know of a volume.
package enum VolumeNews: Hashable, Sendable {
    /// This node is its home now.
    case leads(epoch: UInt64)
    /// Another node is its home.
    case deposed(by: UInt64)
    /// It does not go on here.
    case failed(String)
    /// A backup was given a copy of the state, or was not.
    case copied(to: NodeID)
    case notCopied(to: NodeID, String)
    case blocks(KeeperNotice)
}
