import Resources
import Trading
import VolumeService
import Volumes

// Volumes that leave a node.

extension VolumeDesk {
    /// So long the home of a volume has to learn of a lender.
    private static let introduction = Duration.seconds(5)

    /// Where what a volume has on a node would go; nothing is needed where it has nothing there.
    func plan(_ volume: VolumeID, leaving node: NodeID) async throws -> VolumePlan {
        let (summary, holding) = try await held(volume)
        guard try await isLender(node, of: volume) else { return VolumePlan(placements: [], needed: .zero, found: .zero) }
        let plan = try await onThread { [homes] in try homes.evacuationPlan(of: node, from: volume) }
        let lenders = holding.leases.compactMap { lease($0) }
        let placements = plan.shares.sorted { $0.key < $1.key }.map { taker, share in
            VolumePlan.Placement(
                node: taker, bytes: Bytes(Int64(clamping: share.taken)), free: Bytes(Int64(clamping: share.free)),
                price: lenders.first { $0.peer == taker }?.terms.prices.disk, keepsJournal: false)
        }
        let needed = Bytes(Int64(clamping: plan.needed))
        var result = VolumePlan(
            placements: placements, needed: needed, found: needed - Bytes(Int64(clamping: plan.shortfall)), refusal: nil)
        do {
            guard let successor = try await successor(to: node, plan, summary, holding) else { return result }
            result.placements.append(successor)
            result.found = needed
        } catch let refusal as Refusal { result.refusal = refusal }
        return result
    }

    /// Moves all blocks of a volume off a node: no new ones go there, each gets its copies elsewhere, and only then are those there
    /// deleted. Where the others have no room for them another node is asked for some. Afterwards the lease under which the node lends
    /// room is ended.
    func evacuate(
        _ volume: VolumeID, leaving node: NodeID, by user: String, _ report: @escaping Reporter
    ) async throws -> VolumeOutcome {
        let (summary, _) = try await held(volume)
        var progress = VolumeProgress(step: "moving")
        if try await isLender(node, of: volume) {
            // Not cut short by who asked: what was borrowed for it would be left over.
            try await Task { try await begin(leaving: node, summary) }.value
            // Once nothing is there it is no lender any more, whoever of those that look has noticed first.
            while let evacuation = try await evacuation(of: node, from: volume) {
                progress = VolumeProgress(evacuation)
                try await report(progress)
                if evacuation.isDone {
                    try await release(node, of: volume)
                    break
                }
                try await Task.sleep(for: Self.step)
            }
        }
        var outcome = VolumeOutcome(progress: progress, size: Bytes(Int64(clamping: summary.capacity)))
        let isBackup = await self.summary(of: volume)?.backups.contains(node) ?? false
        outcome.remarks = [
            isBackup
                ? "\(name(node)) has no blocks of it any more; it keeps the journal as a backup, for no other lender is left to"
                : node == own
                    ? "\(name(node)) has no blocks of it any more; it is the home still: 'surplus volume takeover' moves that"
                    : "\(name(node)) has nothing of it any more"
        ]
        return outcome
    }

    /// Whether a node gives room to a volume, or has something of it.
    ///
    /// - Throws: when it is not heard of, and so cannot be left, or it is not known yet what it has.
    private func isLender(_ node: NodeID, of volume: VolumeID) async throws -> Bool {
        let status = try await onThread { [homes] in try homes.status(of: volume) }
        if let store = status.stores.first(where: { $0.place.node == node }) {
            guard store.place.condition.phase == .lost else { return true }
            throw Refusal(
                term: "node",
                reason:
                    "\(name(node)) is not heard of: what it has is copied elsewhere where there are other copies; bring it back first"
            )
        }
        guard let holding = self[volume] else { throw VolumeRefusal.unknown(volume) }
        let lenders = self.lenders(of: holding).values + (holding.own > .zero ? [own] : [])
        guard !(lenders + holding.leaving + holding.formerLenders).contains(node) else {
            throw Refusal(
                term: "node", reason: "it is not known yet what \(name(node)) has of the volume: try again in some seconds")
        }
        return false
    }

    /// - Returns: `nil` when the node has nothing any more.
    private func evacuation(of node: NodeID, from volume: VolumeID) async throws -> VolumeStatus.Evacuation? {
        while true {
            let status = try await onThread { [homes] in try homes.status(of: volume) }
            if let evacuation = status.evacuations.first(where: { $0.node == node }) { return evacuation }
            guard try await isLender(node, of: volume) else { return nil }
            try await Task.sleep(for: Self.step)
        }
    }

    // MARK: Room elsewhere

    /// Who would give room in place of a node that is left; `nil` where the others have room for all that is there, and are as many as
    /// there are to be copies.
    ///
    /// - Throws: when nobody would.
    private func successor(
        to node: NodeID, _ plan: EvacuationPlan, _ summary: VolumeSummary, _ holding: VolumeHolding
    ) async throws -> VolumePlan.Placement? {
        let giving = givingNodes(holding)
        let isShort = giving.contains(node) && giving.count <= summary.copies
        guard plan.shortfall > 0 || isShort else { return nil }
        let able = holding.candidates(inPlaceOf: node, among: members, besides: giving + withdrawingNodes(holding))
        let share = max(holding.share, VolumeRoom.lease(for: Bytes(Int64(clamping: plan.needed))))
        let (givers, refusals) = able.isEmpty ? ([], []) : try await self.givers(of: share, for: summary.name, among: able)
        guard let giver = apart(givers, from: giving.filter { $0 != node }).first else {
            throw Refusal(
                term: "disk",
                reason:
                    "the other lenders lack room for what is on \(name(node)) or are fewer than the \(summary.copies) copies, and no "
                    + "other node lends \(share.shortText): \(Self.reasons(refusals))")
        }
        return VolumePlan.Placement(
            node: giver.node, domain: domain(of: giver.node), bytes: share, free: share, price: giver.terms?.prices.disk,
            keepsJournal: false)
    }

    /// Has those of some volumes leave a node that have something there.
    ///
    /// - Returns: why others do not.
    func begin(leaving node: NodeID, _ volumes: [VolumeID]) async -> [VolumeID: any Error] {
        await Task {
            var refusals: [VolumeID: any Error] = [:]
            for volume in volumes {
                do {
                    let (summary, _) = try await held(volume)
                    if try await isLender(node, of: volume) { try await begin(leaving: node, summary) }
                } catch { refusals[volume] = error }
            }
            return refusals
        }.value
    }

    private func begin(leaving node: NodeID, _ summary: VolumeSummary) async throws {
        let volume = summary.volume
        // Two at once would both borrow.
        while !departures.begin(volume) { try await Task.sleep(for: Self.step) }
        defer { departures.end(volume, isDone: true, at: house.clock().instant) }
        let (_, holding) = try await held(volume)
        guard !holding.leaving.contains(node) else { return }
        let plan = try await onThread { [homes] in try homes.evacuationPlan(of: node, from: volume) }
        let successor = try await successor(to: node, plan, summary, holding)
        do {
            if let successor {
                try await change(volume) { $0.successor = successor.node }
                try await take(successor, for: volume, summary.name)
                provide(volume)
            }
            try await move(off: node, of: volume)
            try await change(volume) { $0.leave(node, for: successor?.node) }
        } catch {
            try await undoSuccessor(of: volume)
            throw error
        }
    }

    /// Evacuations that were not begun yet when this node ended are not begun any more.
    func undoSuccessors() async {
        for holding in all where holding.successor != nil { await note { try await self.undoSuccessor(of: holding.volume) } }
    }

    /// Gives back what was borrowed to leave a node that is not left.
    private func undoSuccessor(of volume: VolumeID) async throws {
        guard let holding = self[volume], let successor = holding.successor else { return }
        let isLender = givingNodes(holding).contains(successor)
        // Writers may have put something there meanwhile: it is given back once that is elsewhere.
        try await change(volume) { $0.giveUpSuccessor(isLender: isLender) }
    }

    /// - Throws: when there is no room for all that is there.
    private func move(off node: NodeID, of volume: VolumeID) async throws {
        let deadline = ContinuousClock.now + Self.introduction
        while true {
            do {
                _ = try await onThread { [homes] in try homes.evacuate(node, from: volume) }
                return
            } catch VolumeRefusal.evacuation(let refusal) {
                guard ContinuousClock.now < deadline else {
                    throw Refusal(
                        term: "disk",
                        reason:
                            "\(Bytes(Int64(clamping: refusal.shortfall)).text) of what is on \(name(node)) find no room on other nodes"
                    )
                }
                try await Task.sleep(for: Self.step)
            }
        }
    }

    /// Gives back what was borrowed from a node on which nothing is left, and has another one keep the journal instead, where there is
    /// one.
    func release(_ node: NodeID, of volume: VolumeID) async throws {
        guard let holding = self[volume] else { return }
        let lenders = lenders(of: holding)
        let over = holding.leases.filter { lenders[$0] == node }
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
        if let summary = await summary(of: volume), summary.backups.contains(node) {
            await mendBackups(of: summary, besides: node)
        }
    }
}
