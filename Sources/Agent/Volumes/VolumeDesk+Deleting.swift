import BlockClient
import Resources
import Trading
import VolumeService
import Volumes

// Volumes that are deleted.

extension VolumeDesk {
    /// How long somebody who has unmounted a volume has to say so.
    private static let parting = Duration.seconds(5)

    /// Deletes a volume with all that is in it. Comes back once it is durable that there is no such volume any more; nodes that are
    /// not heard of are told later. What is interrupted once blocks may be gone is finished when this node is there again.
    func delete(_ volume: VolumeID, by user: String) async throws -> VolumeRemoval {
        guard deletions.begin(volume) else { throw Refusal(term: "volume", reason: "it is being deleted already") }
        defer { deletions.end(volume, isDone: true, at: house.clock().instant) }
        let (summary, _) = try await held(volume)
        let status = try await unmountedStatus(of: volume)
        let deletion = VolumeHolding.Deletion(epoch: summary.epoch, name: summary.name, user: user)
        try await change(volume) { $0.deletion = deletion }
        let owing: [NodeID: UInt64]
        do { owing = try await remove(volume, isForced: false) } catch {
            if error.leavesAsItWas { await note { try await self.change(volume) { $0.deletion = nil } } }
            throw error
        }
        try await conclude(deletion, of: volume, owing: owing)
        let freed = status.stores.filter { owing[$0.place.node] == nil }.reduce(Bytes.zero) { $0 + $1.live }
        return VolumeRemoval(freed: freed, unheard: owing.keys.sorted())
    }

    /// - Returns: lenders that were not heard of, with the fence under which they delete what they have.
    private func remove(_ volume: VolumeID, isForced: Bool) async throws(VolumeRefusal) -> [NodeID: UInt64] {
        try await homes.delete(volume, isForced: isForced).mapValues(\.rawValue)
    }

    private func conclude(_ deletion: VolumeHolding.Deletion, of volume: VolumeID, owing: [NodeID: UInt64]) async throws {
        try await deleted.add(
            DeletedVolume(volume: volume, epoch: deletion.epoch, at: house.clock().utc, owing: owing.isEmpty ? nil : owing))
        await tell("volume.deleted", volume, "'\(deletion.name)' was deleted by \(deletion.user)")
        if let holding = self[volume] { await giveUp(holding) }
    }

    // MARK: What was interrupted

    /// Goes on with deletions in the midst of which this node has ended, or that the disk did not let come to an end.
    func resumeDeletions() async {
        for holding in all where holding.deletion != nil {
            let volume = holding.volume
            guard deletions.isDue(volume, at: house.clock().instant), deletions.begin(volume) else { continue }
            var isDone = false
            defer { deletions.end(volume, isDone: isDone, at: house.clock().instant) }
            do {
                try await resumeDeletion(of: holding)
                isDone = true
            } catch {
                house.log.warning("a volume is not deleted yet", metadata: ["volume": "\(volume)", "reason": "\(error)"])
            }
        }
    }

    private func resumeDeletion(of holding: VolumeHolding) async throws {
        guard var deletion = holding.deletion else { return }
        let owing: [NodeID: UInt64]
        if let summary = await summary(of: holding.volume) {
            deletion.epoch = max(deletion.epoch, summary.epoch)
            owing = try await remove(holding.volume, isForced: true)
        } else {
            owing = fences(of: deletion.epoch, for: holding)
        }
        try await conclude(deletion, of: holding.volume, owing: owing)
    }

    /// Whoever has lent to a volume, or may have, and has perhaps not been told that it is deleted; with the fence for that.
    func fences(of epoch: UInt64, for holding: VolumeHolding) -> [NodeID: UInt64] {
        let lenders = lenders(of: holding).values + holding.formerLenders + (holding.own > .zero ? [own] : [])
        let fence = BlockFence(epoch: epoch, term: .max).rawValue
        return Dictionary(lenders.map { ($0, fence) }) { first, _ in first }
    }

    /// The same without those that this node has deleted, which are deleted again: a backup that has not heard of it gives its copy back
    /// to the home.
    func withoutDeleted(_ kept: [VolumeSummary]) async -> [VolumeSummary] {
        // Of one whose epoch is not known yet another node may be the home since.
        let deleted = kept.filter { $0.epoch > 0 && self.deleted.has($0.volume, since: $0.epoch) }
        for summary in deleted {
            // One that begins to be the home tells its backups when it is.
            do {
                if summary.isHome { _ = try await remove(summary.volume, isForced: true) }
                if summary.role == .backup { try await onThread { [homes] in try homes.abandon(summary.volume) } }
            } catch {
                house.log.warning(
                    "a deleted volume is still here", metadata: ["volume": "\(summary.volume)", "reason": "\(error)"])
            }
        }
        return kept.filter { !deleted.contains($0) }
    }

    // MARK: Who was away

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

extension VolumeRefusal {
    /// Whether nothing of a volume that was to be deleted has been touched.
    fileprivate var leavesAsItWas: Bool { if case .failed = self { false } else { true } }
}
