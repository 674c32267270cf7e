import Resources
import VolumeService
import Volumes

// Who keeps the journal of a volume besides its home.

extension VolumeDesk {
    /// Nodes that keep the journal beside the home, at most.
    static let mostBackups = 2
    /// So long a new backup is waited for; what takes longer goes on, and is looked at again.
    private static let patience = Duration.seconds(10)

    /// After so long without a sign of life another node keeps the journal instead.
    private static let longestSilence = Microseconds.minutes(10)

    /// Has others keep the journal of a volume of which this node is the home, where fewer do than are to: a home that was taken over
    /// from does not any more, nor a backup that has left the pool, is silent for long, or is `left`. Lenders take their place, or who
    /// keeps something of the volume already; where there is no other one, they stay.
    func mendBackups(of summary: VolumeSummary, besides left: NodeID? = nil) async {
        // While it is made its first ones are on their way; a home that recovers tells nothing yet, and is looked at again.
        guard self[summary.volume]?.isUnfinished == false, let stores = try? homes.status(of: summary.volume).stores else {
            return
        }
        let members = Set(members)
        let present = summary.backups.filter(members.contains)
        let lasting = present.filter { $0 != left && !isSilent($0) }
        func isAble(_ node: NodeID) -> Bool {
            node != own && !present.contains(node) && members.contains(node) && roster.isReachable(node)
                && peers.has(.volumes, node)
        }
        var able = stores.filter { $0.isHeard && $0.place.condition.phase == .open }.map(\.place.node).sorted().filter(isAble)
        if lasting.count + able.count < Self.mostBackups {
            able += await keepers(of: summary.volume, among: members.subtracting(able).filter(isAble).sorted())
        }
        let candidates = lasting + able + present.filter { !lasting.contains($0) }
        let backups = Array(candidates.prefix(max(Self.mostBackups, lasting.count)))
        guard Set(backups) != Set(summary.backups) else { return }
        do throws(VolumeRefusal) {
            try await homes.change(backups: backups, of: summary.volume, within: Self.patience)
        } catch {
            house.log.notice(
                "a volume has fewer backups than it is to have",
                metadata: ["volume": "\(summary.volume)", "reason": "\(error)"])
        }
    }

    /// Nodes that keep something of the volume already, such as the home before: others that lend nothing here keep nothing for this
    /// node.
    private func keepers(of volume: VolumeID, among nodes: [NodeID]) async -> [NodeID] {
        let now = house.clock().instant
        guard !nodes.isEmpty, recruiting.isDue(volume, at: now), recruiting.begin(volume) else { return [] }
        let told = await PoolVolumes.ask(nodes, peers).told
        let found = told.filter { $0.volumes.contains { $0.volume == volume } }.map(\.node).sorted()
        recruiting.end(volume, isDone: !found.isEmpty, at: now)
        return found
    }

    private func isSilent(_ node: NodeID) -> Bool {
        !roster.isReachable(node) && house.clock().utc - (roster.lastSeen(node) ?? begun) > Self.longestSilence
    }
}
