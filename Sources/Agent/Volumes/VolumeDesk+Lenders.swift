import Resources
import VolumeService
import Volumes

// Who gives room to a volume instead of lenders that are gone.

extension VolumeDesk {
    /// Has others give room to a volume of which this node is the home, where fewer do than are to: a lender whose lease is over or
    /// called back, or that has left the pool, does not any more. Those that the volume was made to take alone are asked again, and
    /// others only when one of those has left the pool.
    ///
    /// What is short is looked for again after a pause, longer each time that nobody gives it.
    func mendLenders(of summary: VolumeSummary, at now: Instant) async {
        guard let holding = self[summary.volume], !holding.isUnfinished, !isAdopting(holding) else { return }
        let members = members
        let giving = givingNodes(holding).filter(members.contains)
        let missing = max(summary.copies, holding.wanted ?? 0) - giving.count
        guard missing > 0 else { return searches.forget(summary.volume) }
        guard searches.isDue(summary.volume, at: now), searches.begin(summary.volume) else { return }
        var found = 0
        defer { searches.end(summary.volume, isDone: found == missing, at: now) }
        do {
            found = try await findLenders(missing, besides: giving, among: members, summary, holding)
        } catch {
            house.log.notice(
                "a volume has fewer lenders than it is to have",
                metadata: ["volume": "\(summary.volume)", "reason": "\(error)"])
        }
    }

    /// - Returns: how many give room now that did not.
    private func findLenders(
        _ missing: Int, besides giving: [NodeID], among members: [NodeID], _ summary: VolumeSummary, _ holding: VolumeHolding
    ) async throws -> Int {
        let able = holding.candidates(among: members, besides: giving + withdrawingNodes(holding))
        guard !able.isEmpty else { return 0 }
        let size = Bytes(Int64(clamping: summary.capacity))
        let count = giving.count + missing
        let share = max(holding.share, VolumeRoom.share(of: size, copies: summary.copies, nodes: count))
        let givers = try await givers(of: share, for: summary.name, among: able).givers
        let chosen = apart(givers, from: giving).prefix(missing)
        try await change(summary.volume) { $0.share = max($0.share, share) }
        for giver in chosen {
            try await take(
                VolumePlan.Placement(
                    node: giver.node, bytes: share, free: share, price: giver.terms?.prices.disk, keepsJournal: false),
                for: summary.volume, summary.name)
        }
        provide(summary.volume)
        return chosen.count
    }
}
