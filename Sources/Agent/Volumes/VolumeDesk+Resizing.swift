import Resources
import Trading
import VolumeService
import Volumes

// Volumes that are to hold more, or less.

extension VolumeDesk {
    /// So long lenders are waited for that are to say that they give more, or less.
    private static let patience = Duration.seconds(5)

    /// What it would take to have a volume of another size: what would be borrowed, or what would be copied off what is given back.
    func plan(_ volume: VolumeID, resizedTo size: Bytes) async throws -> VolumePlan {
        let (summary, holding) = try await held(volume)
        let share = share(of: size, summary.copies, holding)
        return try await size < Bytes(Int64(clamping: summary.capacity))
            ? shrinkPlan(share, summary, holding) : growthPlan(max(.zero, share - holding.share), summary, holding)
    }

    /// Borrows more and raises the limit, or lowers it, moves blocks together and gives back what is not needed.
    ///
    /// - Throws: also when the content does not fit, or nobody lends so much.
    func resize(
        _ volume: VolumeID, to size: Bytes, by user: String, _ report: @escaping Reporter
    ) async throws -> VolumeOutcome {
        let (summary, holding) = try await held(volume)
        guard size.rawValue >= Int64(clamping: summary.used) else {
            throw Refusal(
                term: "size",
                reason:
                    "\(Bytes(Int64(clamping: summary.used)).shortText) are in it, which is more than \(size.text): delete files first"
            )
        }
        guard size < Bytes(Int64(clamping: summary.capacity)) else {
            return try await grow(summary, to: size, by: user, report)
        }
        return try await shrink(summary, holding, to: size, by: user, report)
    }

    private func share(of size: Bytes, _ copies: Int, _ holding: VolumeHolding) -> Bytes {
        VolumeRoom.share(of: size, copies: copies, nodes: givingNodes(holding).count)
    }

    /// Those that give room now, in order.
    func givingNodes(_ holding: VolumeHolding) -> [NodeID] {
        let lenders = holding.leases.compactMap { lease($0) }.filter { $0.isOpen && $0.state != .reclaiming }.map(\.peer)
        return Set(lenders + (holding.own > .zero ? [own] : [])).subtracting(holding.leaving).sorted()
    }

    /// Those that do not give room any more, or just take it back.
    func withdrawingNodes(_ holding: VolumeHolding) -> [NodeID] {
        lenders(of: holding).filter { id, _ in lease(id).map { !$0.isOpen || $0.state == .reclaiming } ?? true }.map(\.value)
    }

    // MARK: More

    private func growthPlan(_ grown: Bytes, _ summary: VolumeSummary, _ holding: VolumeHolding) async throws -> VolumePlan {
        let nodes = givingNodes(holding)
        guard grown == .zero || !nodes.isEmpty else {
            throw Refusal(
                term: "disk",
                reason: "no node gives room to '\(summary.name)' now: try again when 'surplus volume status' names one")
        }
        let (givers, refusals) = try await grown == .zero ? ([], []) : self.givers(of: grown, for: summary.name, among: nodes)
        let placements = givers.map {
            VolumePlan.Placement(node: $0.node, bytes: grown, free: grown, price: $0.terms?.prices.disk, keepsJournal: false)
        }
        var refusal: Refusal?
        if grown > .zero, placements.count < nodes.count {
            refusal = Refusal(
                term: "disk",
                reason: "each of \(nodes.count) nodes has to give \(grown.shortText) more: \(Self.reasons(refusals))"
            )
        }
        return VolumePlan(
            placements: placements, needed: grown.scaled(by: Int64(nodes.count), over: 1),
            found: grown.scaled(by: Int64(placements.count), over: 1), refusal: refusal)
    }

    private func grow(
        _ summary: VolumeSummary, to size: Bytes, by user: String, _ report: @escaping Reporter
    ) async throws -> VolumeOutcome {
        let volume = summary.volume
        // What is borrowed for it is more than is needed until all of it is: it would be given back.
        while !returns.begin(volume) { try await Task.sleep(for: Self.step) }
        defer { returns.end(volume, isDone: true, at: house.clock().instant) }
        let plan = try await plan(volume, resizedTo: size)
        if let refusal = plan.refusal { throw refusal }
        let (_, holding) = try await held(volume)
        for placement in plan.placements {
            try await report(VolumeProgress(step: "borrowing"))
            var more = placement
            if placement.node == own { more.bytes = holding.own + placement.bytes }
            try await take(more, for: volume, summary.name)
        }
        let share = share(of: size, summary.copies, holding)
        try await change(volume) { $0.share = max($0.share, share) }
        try await onThread { [homes] in try homes.resize(volume, capacity: UInt64(size.rawValue)) }
        await awaitRoom(of: volume)
        await tell("volume.resized", volume, "'\(summary.name)' can have \(size.text) now, by \(user)")
        return VolumeOutcome(progress: VolumeProgress(step: "done"), size: size)
    }

    /// Comes back when lenders say that they give what their leases have, or after a while: whoever looks then sees the new figures.
    private func awaitRoom(of volume: VolumeID) async {
        provide(volume)
        let deadline = ContinuousClock.now + Self.patience
        while let holding = self[volume], ContinuousClock.now < deadline, let stores = try? homes.status(of: volume).stores {
            let given = Dictionary(uniqueKeysWithValues: stores.map { ($0.place.node, $0.capacity) })
            let open = places(of: holding).filter { $0.condition.phase == .open }
            if open.allSatisfy({ given[$0.node]?.rawValue == Int64(clamping: $0.condition.free) }) { return }
            do { try await Task.sleep(for: Self.step) } catch { return }
        }
    }

    // MARK: Less

    /// What each node gives back when so much is needed of it.
    private func surplus(of holding: VolumeHolding, beyond share: Bytes) -> [(node: NodeID, surplus: VolumeRoom.Return)] {
        givingNodes(holding).compactMap { node in
            let leases = holding.leases.compactMap { lease($0) }.filter { $0.peer == node && $0.isOpen }
            let surplus =
                node == own
                ? VolumeRoom.Return(returned: max(.zero, holding.own - share))
                : VolumeRoom.surplus(of: leases.map { ($0.id, $0.amounts.disk) }, beyond: share)
            return surplus.returned > .zero ? (node, surplus) : nil
        }
    }

    /// Who does not lend the smaller part keeps lending the larger.
    private func shrinkPlan(_ share: Bytes, _ summary: VolumeSummary, _ holding: VolumeHolding) async throws -> VolumePlan {
        let surplus = surplus(of: holding, beyond: share)
        let borrowing = surplus.filter { $0.surplus.borrowed > .zero }.map(\.node)
        let givers = try await borrowing.isEmpty ? [] : self.givers(of: share, for: summary.name, among: borrowing).givers
        let willing = Set(givers.map(\.node))
        let placements = givers.map {
            VolumePlan.Placement(node: $0.node, bytes: share, free: share, price: $0.terms?.prices.disk, keepsJournal: false)
        }
        let needed = share.scaled(by: Int64(placements.count), over: 1)
        var plan = VolumePlan(placements: placements, needed: needed, found: needed, refusal: nil)
        plan.returned = surplus.reduce(.zero) { sum, part in
            part.surplus.borrowed == .zero || willing.contains(part.node) ? sum + part.surplus.returned : sum
        }
        return plan
    }

    private func shrink(
        _ summary: VolumeSummary, _ holding: VolumeHolding, to size: Bytes, by user: String, _ report: @escaping Reporter
    ) async throws -> VolumeOutcome {
        let (volume, share) = (summary.volume, share(of: size, summary.copies, holding))
        // First of all no more is written than has room afterwards.
        try await onThread { [homes] in try homes.resize(volume, capacity: UInt64(size.rawValue)) }
        try await change(volume) { $0.share = share }
        while !returns.begin(volume) { try await Task.sleep(for: Self.step) }
        var outcome = VolumeOutcome(progress: VolumeProgress(step: "giving back"), size: size)
        defer { returns.end(volume, isDone: outcome.findings.isEmpty, at: house.clock().instant) }
        try await giveBackSurplus(of: summary, &outcome, report)
        await awaitRoom(of: volume)
        await tell(
            "volume.resized", volume,
            "'\(summary.name)' can have \(size.text) now, by \(user); \(outcome.progress.done.text) of room were given back")
        return outcome
    }

    /// Gives back what a volume has had more than it needs since it was made smaller, where that was interrupted or refused.
    func giveBackRest(of summary: VolumeSummary, at now: Instant) async {
        let volume = summary.volume
        // What a new home needs is known when it has all that the one before had.
        guard let holding = self[volume], !holding.isUnfinished, !isAdopting(holding), holding.share > .zero,
            !surplus(of: holding, beyond: holding.share).isEmpty, returns.isDue(volume, at: now), returns.begin(volume)
        else { return }
        let size = Bytes(Int64(clamping: summary.capacity))
        var outcome = VolumeOutcome(progress: VolumeProgress(step: "giving back"), size: size)
        defer { returns.end(volume, isDone: outcome.findings.isEmpty, at: now) }
        await note { try await giveBackSurplus(of: summary, &outcome) { _ in } }
    }

    private func giveBackSurplus(of summary: VolumeSummary, _ outcome: inout VolumeOutcome, _ report: Reporter) async throws {
        guard let holding = self[summary.volume] else { return }
        let all = surplus(of: holding, beyond: holding.share)
        outcome.progress.total = all.reduce(.zero) { $0 + $1.surplus.returned }
        for (node, surplus) in all {
            try await report(outcome.progress)
            do {
                try await giveBack(surplus, keeping: holding.share, on: node, of: summary)
                outcome.progress.done = outcome.progress.done + surplus.returned
            } catch {
                let fault = "lends what it lent before, for it does not lend \(holding.share.text) instead: \(error)"
                outcome.findings.append(.init(subject: name(node), fault: fault, isMended: false))
            }
        }
        provide(summary.volume)
    }

    private func giveBack(
        _ surplus: VolumeRoom.Return, keeping share: Bytes, on node: NodeID, of summary: VolumeSummary
    ) async throws {
        if node == own || surplus.borrowed > .zero {
            let placement = VolumePlan.Placement(node: node, bytes: share, free: share, price: nil, keepsJournal: false)
            try await take(placement, for: summary.volume, summary.name)
        }
        // What is not written down any more and was not ended is ended when this node starts again.
        try await change(summary.volume) { $0.leases.removeAll(where: surplus.ended.contains) }
        for lease in surplus.ended { engine.handle(.release(lease)) }
    }
}
