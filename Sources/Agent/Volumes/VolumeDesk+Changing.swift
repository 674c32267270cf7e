import BlockClient
import Resources
import Trading
import VolumeService
import Volumes

// What people have done to volumes that there are.

extension VolumeDesk {
    /// How often it is looked how far work is.
    static let step = Duration.milliseconds(500)
    /// How long somebody who has unmounted a volume has to say so.
    private static let parting = Duration.seconds(5)

    func held(_ volume: VolumeID) async throws -> (VolumeSummary, VolumeHolding) {
        guard let summary = await summary(of: volume), let holding = self[volume] else { throw VolumeRefusal.unknown(volume) }
        return (summary, holding)
    }

    // MARK: Homes

    /// Makes this node, a backup, the home, in a new epoch.
    ///
    /// - Throws: also when a node is not heard of that may have acknowledged what nobody else has.
    func takeOver(_ volume: VolumeID, by user: String) async throws -> KeptVolume {
        try await homes.takeOver(volume)
        try await inherit(volume)
        await adopt(volume)
        guard let kept = await kept().first(where: { $0.volume == volume }) else { throw VolumeRefusal.unknown(volume) }
        return kept
    }

    /// Deletes a volume with all that is in it. Comes back once it is durable that there is no such volume any more; nodes that are
    /// not heard of are told later.
    func delete(_ volume: VolumeID, by user: String) async throws -> VolumeRemoval {
        let status = try await unmountedStatus(of: volume)
        let owing = try await homes.delete(volume).mapValues(\.rawValue)
        try await deleted.add(
            DeletedVolume(volume: volume, epoch: status.summary.epoch, at: house.clock().utc, owing: owing.isEmpty ? nil : owing))
        await tell("volume.deleted", volume, "'\(status.summary.name)' was deleted by \(user)")
        if let holding = self[volume] { await giveUp(holding) }
        let freed = status.stores.filter { owing[$0.place.node] == nil }.reduce(Bytes.zero) { $0 + $1.live }
        return VolumeRemoval(freed: freed, unheard: owing.keys.sorted())
    }

    /// Has lenders that were away delete what they have of volumes that were deleted meanwhile. Who has left the pool is not asked.
    func finishDeletions() async {
        let members = Set(members)
        // Who does not answer is not waited for again in the same round.
        var silent: Set<NodeID> = []
        for gone in deleted.unfinished {
            var settled: [NodeID] = []
            for (node, fence) in gone.owing ?? [:] where !silent.contains(node) {
                let isDone = members.contains(node) ? await drop(gone.volume, under: fence, on: node) : true
                if isDone { settled.append(node) } else { silent.insert(node) }
            }
            guard !settled.isEmpty else { continue }
            await note { [settled] in try await self.deleted.settle(gone.volume, on: settled) }
        }
    }

    /// - Returns: whether nothing of it is there any more.
    func drop(_ volume: VolumeID, under fence: UInt64, on node: NodeID) async -> Bool {
        guard node == own || roster.isReachable(node), let peer = peer(node) else { return false }
        do {
            try await peer.answer(to: .drop(volume, epoch: fence))
            return true
        } catch { return error.hasNothing }
    }

    /// How a volume is that nobody has mounted. Who has just unmounted it may not have said so yet.
    private func unmountedStatus(of volume: VolumeID) async throws -> VolumeStatus {
        let deadline = ContinuousClock.now + Self.parting
        while true {
            let status = try await onThread { [homes] in try homes.status(of: volume) }
            guard !status.sessions.isEmpty else { return status }
            guard ContinuousClock.now < deadline else {
                let names = Set(status.sessions.map(\.node)).map(name).sorted().joined(separator: ", ")
                throw Refusal(term: "volume", reason: "'\(status.summary.name)' is mounted on \(names): unmount it there first")
            }
            try await Task.sleep(for: Self.step)
        }
    }
}
