import BlockClient
import Frames
import GRPCCore
import Node
import Resources
import VolumeService
import Volumes
import Wire

// Homes that move: what a node had borrowed as the home goes once another one is, which borrows for itself.

extension VolumeDesk {
    /// So long what was borrowed for a volume is kept that has another home, for that one to borrow where the blocks are.
    private static let handover = Microseconds.minutes(10)

    // MARK: A home that has come

    /// Begins to hold a volume of which this node has become the home. Whoever may have something of it is to be asked; that is written
    /// down, so that nobody is forgotten who is away now.
    func inherit(_ volume: VolumeID) async throws {
        let nodes = [own] + members.filter { $0 != own }.sorted()
        let holding = VolumeHolding(volume: volume, share: .zero, nodes: [], formerLenders: nodes, isUnfinished: false)
        if claim(holding) { return try await keep(holding, for: volume) }
        try await change(volume) { $0.comeBack(asking: nodes) }
    }

    /// Borrows from those that lent to the home before. Who does not lend to this node keeps what it has as long as its lease with the
    /// home before holds, and is asked again. Who gives no room any more and has blocks still is asked as long as fewer lend than are
    /// to; it is read until all is elsewhere.
    func adopt(_ volume: VolumeID) async {
        guard let holding = self[volume], adoptions.begin(volume) else { return }
        defer { adoptions.end(volume, at: house.clock().instant) }
        let answers = await usages(of: volume, on: holding.formerLenders)
        let found = Dictionary(
            uniqueKeysWithValues: answers.compactMap { node, usage in usage.map { (node, $0.capacity > .zero) } })
        if found.contains(where: { holding.found?[$0] != $1 }) {
            await note { try await self.change(volume) { $0.found(on: found) } }
        }
        provide(volume)
        for (node, usage) in answers where await isSettled(node, with: usage, volume) { await part(with: node, of: volume) }
        provide(volume)
    }

    /// Whether a node has nothing of a volume, or lends to this home: it is asked to, unless it is to be left.
    ///
    /// - Parameter usage: `nil` for nothing.
    private func isSettled(_ node: NodeID, with usage: BlockUsage?, _ volume: VolumeID) async -> Bool {
        guard let usage else { return true }
        guard let holding = self[volume], !holding.leaving.contains(node) else { return false }
        let giving = givingNodes(holding)
        guard usage.capacity == .zero else {
            return if giving.contains(node) { true } else { await borrowAgain(usage.capacity, from: node, volume) }
        }
        guard usage.live > .zero, let summary = await summary(of: volume), giving.count < max(summary.copies, holding.wanted ?? 0)
        else { return false }
        return await borrowAgain(max(holding.share, usage.live), from: node, volume)
    }

    /// A node has nothing of the volume from the time of another home, or lends to this one now.
    func part(with node: NodeID, of volume: VolumeID) async {
        await note { try await self.change(volume) { $0.part(with: node) } }
    }

    /// Whether some lender of the home before is there that does not lend to this one yet.
    func isAdopting(_ holding: VolumeHolding) -> Bool {
        let active = members
        return holding.formerLenders.contains { node in
            active.contains(node) && (node == own || roster.isReachable(node))
                && !holding.hasOnlyRemains(on: node)
        }
    }

    /// What those among some nodes have that answer; `nil` for one that has nothing of the volume.
    func usages(of volume: VolumeID, on nodes: [NodeID]) async -> [(NodeID, BlockUsage?)] {
        await withTaskGroup(of: (NodeID, BlockUsage?)?.self) { group in
            for node in nodes { group.addTask { await self.usage(of: volume, on: node) } }
            return await group.reduce(into: []) { answers, answer in if let answer { answers.append(answer) } }
                .sorted { $0.0 < $1.0 }
        }
    }

    private func usage(of volume: VolumeID, on node: NodeID) async -> (NodeID, BlockUsage?)? {
        guard let peer = peer(node) else { return nil }
        do { return (node, try await peer.answer(to: .usage(volume))) } catch {
            return error.hasNothing ? (node, nil) : nil
        }
    }

    private func borrowAgain(_ size: Bytes, from node: NodeID, _ volume: VolumeID) async -> Bool {
        let name = await summary(of: volume)?.name ?? volume.description
        let placement = VolumePlan.Placement(node: node, bytes: size, free: size, price: nil, keepsJournal: false)
        do {
            try await take(placement, for: volume, name)
            await note { try await self.change(volume) { $0.share = max($0.share, size) } }
            if node == own { endLeases(of: volume) }
            return true
        } catch {
            house.log.warning(
                "a node does not lend to the new home of a volume yet",
                metadata: ["volume": "\(volume)", "node": "\(self.name(node))", "reason": "\(error)"])
            return false
        }
    }

    /// What the home before has borrowed here for a volume, to which this node gives room of its own now, is not needed any more.
    private func endLeases(of volume: VolumeID) {
        guard let report = (try? storage?.storage.get())?.report else { return }
        for lease in report.leases where lease.volume == volume && lease.borrower != own && lease.held == nil {
            engine.handle(.reclaim(lease.lease, atOnce: false, reason: "this node has become the home of what is stored there"))
        }
    }

    // MARK: A home that has gone

    /// Looks where the homes are of volumes for which this node does not answer, and gives up what it has for those that have moved or
    /// were deleted.
    func lookAround(_ kept: [VolumeSummary]) async {
        let idle = kept.filter { !$0.isHome }
        let homeless = all.filter { holding in
            !holding.isUnfinished && !kept.contains { $0.volume == holding.volume && $0.isHome }
        }
        guard !idle.isEmpty || !homeless.isEmpty else { return }
        let told = await PoolVolumes.ask(keepers(of: idle, homeless), peers).told
        for summary in idle {
            let tellers = told.filter { $0.hasDeleted(summary.volume, keptBy: summary.keepers, since: summary.epoch) }
            let epochs = tellers.flatMap(\.deleted).filter { $0.volume == summary.volume }.map(\.epoch)
            if let epoch = epochs.max() { await forget(summary.volume, deletedIn: epoch) }
        }
        let known = KnownVolume.joined(told)
        for holding in homeless {
            let isElsewhere = known.contains { $0.kept.volume == holding.volume && $0.isReachable && $0.kept.home != own }
            if isElsewhere || holding.movedSince != nil { await handOver(holding) }
        }
    }

    /// Gives back what was borrowed for a volume once its new home has borrowed for itself: where that takes over what is stored, the
    /// lease of this node ends by itself. One that does not is waited for only so long. What lies in room of this node's own stays
    /// there anyway until it is elsewhere.
    private func handOver(_ holding: VolumeHolding) async {
        let now = house.clock().utc
        let since = holding.movedSince ?? now
        if holding.movedSince == nil || holding.own > .zero {
            takeBackOwn(of: holding)
            await note { try await self.change(holding.volume) { ($0.movedSince, $0.own) = (since, .zero) } }
        }
        let isLent = holding.leases.contains { lease($0)?.isOpen ?? false }
        guard !isLent || now - since >= Self.handover else { return }
        await giveUp(holding)
    }

    /// The members that know: those that keep the journals, and all where it is not known who does.
    private func keepers(of idle: [VolumeSummary], _ homeless: [VolumeHolding]) -> [NodeID] {
        let isKnown = homeless.allSatisfy { holding in idle.contains { $0.volume == holding.volume && !$0.keepers.isEmpty } }
        let keepers = Set(idle.flatMap(\.keepers))
        return roster.members.filter { member in
            member.status == .active && member.node != own && peers.mayHave(.volumes, member.node)
                && (!isKnown || keepers.contains(member.node))
        }.map(\.node)
    }

    private func forget(_ volume: VolumeID, deletedIn epoch: UInt64) async {
        do { try await onThread { [homes] in try homes.abandon(volume) } } catch {
            return house.log.warning(
                "a deleted volume is still here", metadata: ["volume": "\(volume)", "reason": "\(error)"])
        }
        if let holding = self[volume] { await giveUp(holding) }
        // Nobody else has blocks deleted that this node kept of its own while it was the home.
        _ = await drop(volume, under: BlockFence(epoch: epoch, term: .max).rawValue, on: own)
    }

    /// Gives back what was borrowed for a volume, and what this node gives of its own.
    func giveUp(_ holding: VolumeHolding) async {
        for lease in holding.leases { engine.handle(.release(lease)) }
        takeBackOwn(of: holding)
        await note { try await self.keep(nil, for: holding.volume) }
    }

    /// Leases that were borrowed for a volume and are not written down as such: this node ended in between.
    func releaseStray() {
        let held = Set(all.flatMap(\.leases))
        let stray = engine.read { node in
            node.leases.unsettled.values.filter { entry in
                entry.lease.role == .borrower && entry.lease.user.hasPrefix(Self.userPrefix) && !held.contains(entry.id)
            }.map(\.id)
        }
        for lease in stray { engine.handle(.release(lease)) }
    }
}

extension BlockError {
    /// The node is there, and lends nothing to the volume.
    var hasNothing: Bool {
        switch self {
        case .store(.notLent): true
        case .call(.refused(let refusal)): refusal.kind == .unknown
        default: false
        }
    }
}
