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
        let summary = await onThread { [homes] in homes.list() }.first { $0.volume == volume }
        guard let summary, let holding = self[volume] else { throw VolumeRefusal.unknown(volume) }
        return (summary, holding)
    }

    // MARK: Leaving a node

    /// Where what a volume has on a node would go.
    func plan(_ volume: VolumeID, leaving node: NodeID) async throws -> VolumePlan {
        let plan = try await onThread { [homes] in try homes.evacuationPlan(of: node, from: volume) }
        let refusal =
            plan.shortfall == 0
            ? nil
            : Refusal(
                term: "disk",
                reason: "\(Bytes(Int64(clamping: plan.shortfall)).text) find no room on other nodes: grow the volume")
        let lenders = (self[volume]?.leases ?? []).compactMap { lease($0) }
        let placements = plan.shares.sorted { $0.key < $1.key }.map { taker, share in
            VolumePlan.Placement(
                node: taker, bytes: Bytes(Int64(clamping: share.taken)), free: Bytes(Int64(clamping: share.free)),
                price: lenders.first { $0.peer == taker }?.terms.prices.disk, keepsJournal: false)
        }
        return VolumePlan(
            placements: placements, needed: Bytes(Int64(clamping: plan.needed)),
            found: Bytes(Int64(clamping: plan.needed - min(plan.needed, plan.shortfall))), refusal: refusal)
    }

    /// Moves all blocks of a volume off a node: no new ones go there, each gets its copies elsewhere, and only then are those there
    /// deleted. Afterwards the lease under which the node lends room is ended.
    func evacuate(
        _ volume: VolumeID, leaving node: NodeID, by user: String, _ report: @escaping Reporter
    ) async throws -> VolumeOutcome {
        _ = try await onThread { [homes] in try homes.evacuate(node, from: volume) }
        try await change(volume) { $0.leave(node) }
        while true {
            let status = try await onThread { [homes] in try homes.status(of: volume) }
            guard let evacuation = status.evacuations.first(where: { $0.node == node }) else { break }
            let progress = VolumeProgress(evacuation)
            try await report(progress)
            guard !evacuation.isDone else {
                try await release(node, of: volume)
                return VolumeOutcome(progress: progress, size: Bytes(Int64(clamping: status.summary.capacity)))
            }
            try await Task.sleep(for: Self.step)
        }
        throw Refusal(term: "volume", reason: "\(name(node)) gives no room to it any more")
    }

    /// Gives back what was borrowed from a node on which nothing is left, and has another one keep the journal instead, where there is
    /// one.
    private func release(_ node: NodeID, of volume: VolumeID) async throws {
        guard let holding = self[volume] else { return }
        let over = holding.leases.filter { lease($0)?.peer == node }
        try await change(volume) { holding in
            holding.leases.removeAll(where: over.contains)
            holding.leaving.removeAll { $0 == node }
            holding.leftBehind([node])
        }
        for lease in over { engine.handle(.release(lease)) }
        if node == own {
            takeBackOwn(of: holding)
            try await change(volume) { $0.own = .zero }
        }
        provide(volume)
        let summary = await onThread { [homes] in homes.list() }.first { $0.volume == volume }
        if let summary, summary.backups.contains(node) { await mendBackups(of: summary, besides: node) }
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
        try await homes.delete(volume)
        try await deleted.add(DeletedVolume(volume: volume, epoch: status.summary.epoch, at: house.clock().utc))
        await tell("volume.deleted", volume, "'\(status.summary.name)' was deleted by \(user)")
        let unheard = status.stores.filter { !$0.isHeard }.map(\.place.node)
        if let holding = self[volume] { await giveUp(holding) }
        return VolumeRemoval(freed: status.stores.reduce(.zero) { $0 + $1.live }, unheard: unheard)
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
