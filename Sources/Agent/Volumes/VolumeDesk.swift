import BlockClient
import Bookkeeping
import Frames
import LedgerStore
import Logging
import Node
import Resources
import Synchronization
import Trading
import VolumeService
import Volumes
import Wire

/// The volumes of which this node keeps the metadata: borrows the room for them in the market, has lenders use it for them, and tells
/// their homes how the lenders are.
///
/// Whoever has it do something has checked who may, that the node is the home where a method says so, and that quantities are within
/// bounds. What cannot be done is thrown: a ``Refusal`` or another error whose description is one sentence for people, with the
/// remedy. Nothing has changed then, unless a method says otherwise.
///
/// Long work goes on to its end, also after a restart, when whoever asked has gone: `report` throws then, or the task is cancelled,
/// and the method may come back with that. Asked for again while it is under way, it is joined.
final class VolumeDesk: Sendable {
    typealias Reporter = @Sendable (VolumeProgress) async throws -> Void

    /// How often it is looked whether lenders are still there and leases go on.
    private static let interval = Duration.seconds(1)
    /// How often it is looked where the homes of volumes are for which this node does not answer.
    private static let pause = Microseconds.seconds(10)

    let house: Household
    let engine: Engine
    let requests: LeaseRequests
    let roster: MemberRoster
    let peers: PeerCaller
    let homes: VolumeHomes
    let storage: StorageKeeper?
    let pools: NodePools
    let own: NodeID
    let deleted: DeletedVolumes
    /// When this node began.
    let begun: Timestamp
    let adoptions = Adoptions()
    /// For lenders, for backups, to give room back, to leave a node, and to delete.
    let (searches, recruiting, returns, departures, deletions) = (Attempts(), Attempts(), Attempts(), Attempts(), Attempts())
    private let holdings: Mutex<[VolumeID: VolumeHolding]>
    /// Leases of which the lender has said that it uses them for their volume, and when.
    private let bound = Mutex<[LeaseID: Instant]>([:])
    /// So long that is believed: a lender that has lost what it had sets the room aside anew, and does not know for what.
    private static let faith = Microseconds.seconds(20)

    init(
        house: Household, engine: Engine, requests: LeaseRequests, roster: MemberRoster, peers: PeerCaller,
        homes: VolumeHomes, storage: StorageKeeper?
    ) throws {
        (self.house, self.engine, self.requests, self.roster) = (house, engine, requests, roster)
        (self.peers, self.homes, self.storage) = (peers, homes, storage)
        (pools, own, begun) = (homes.pools, engine.read { $0.id }, house.clock().utc)
        deleted = try DeletedVolumes(in: house.store)
        let known = try house.store.states(.volume, as: VolumeHolding.self)
        holdings = Mutex(Dictionary(known.map { ($0.volume, $0) }, uniquingKeysWith: { $1 }))
    }

    // MARK: What is held

    subscript(volume: VolumeID) -> VolumeHolding? { holdings.withLock { $0[volume] } }
    var all: [VolumeHolding] { holdings.withLock { $0.values.sorted { $0.volume < $1.volume } } }

    /// Writes down what is held for a volume; `nil` for nothing any more.
    func keep(_ holding: VolumeHolding?, for volume: VolumeID) async throws {
        let before = holdings.withLock { holdings in
            defer { holdings[volume] = holding }
            return holdings[volume]
        }
        forget(before, besides: holding)
        try await house.store.commit([.state(.volume, id: volume.description, holding)])
    }

    /// Takes a holding in where there is none yet.
    func claim(_ holding: VolumeHolding) -> Bool {
        holdings.withLock { holdings in
            guard holdings[holding.volume] == nil else { return false }
            holdings[holding.volume] = holding
            return true
        }
    }

    /// Writes down what is different.
    func change(_ volume: VolumeID, _ body: @Sendable (inout VolumeHolding) -> Void) async throws {
        let (before, changed) = holdings.withLock { holdings in
            let before = holdings[volume]
            if var holding = before {
                body(&holding)
                holdings[volume] = holding
            }
            return (before, holdings[volume])
        }
        guard let changed else { return }
        forget(before, besides: changed)
        try await house.store.commit([.state(.volume, id: volume.description, changed)])
    }

    /// Lets go what is in memory of what was held and is not any more.
    private func forget(_ before: VolumeHolding?, besides now: VolumeHolding?) {
        guard let before else { return }
        bound.withLock { for lease in before.leases where now?.leases.contains(lease) != true { $0[lease] = nil } }
        if now == nil {
            adoptions.forget(before.volume)
            searches.forget(before.volume)
            recruiting.forget(before.volume)
            returns.forget(before.volume)
            deletions.forget(before.volume)
        }
    }

    /// A lease that this node has borrowed.
    func lease(_ id: LeaseID) -> Lease? { engine.read { $0.leases[id]?.lease } }

    func name(_ node: NodeID) -> String { roster.name(of: node) }

    /// Nodes that are in the pool and have not left it.
    var members: [NodeID] { roster.members.filter { $0.status == .active }.map(\.node) }

    /// A volume whose metadata this node keeps.
    func summary(of volume: VolumeID) async -> VolumeSummary? {
        await onThread { [homes] in homes.list() }.first { $0.volume == volume }
    }

    /// What the disk of a node fails together with.
    func domain(of node: NodeID) -> String? {
        node == own ? house.configuration.storage?.domain : roster.domain(of: node)
    }

    func peer(_ node: NodeID) -> BlockPeer? { pools.pool(to: node).map { BlockPeer($0, patience: .seconds(10)) } }

    // MARK: Work that goes on

    func run() async {
        await takeApart()
        await undoSuccessors()
        releaseStray()
        var looked: Instant?
        while !Task.isCancelled {
            homes.expel(Set(roster.members.filter { $0.status != .active }.map(\.node)))
            let kept = await withoutDeleted(onThread { self.homes.list() })
            for summary in kept where summary.isHome && self[summary.volume].map({ $0.movedSince != nil }) ?? true {
                await note { try await self.inherit(summary.volume) }
            }
            for holding in all where !holding.isUnfinished {
                await noteLenders(of: holding)
                await tend(holding)
            }
            await resumeDeletions()
            let now = house.clock().instant
            if looked.map({ now - $0 >= Self.pause }) ?? true {
                looked = now
                await lookAround(kept)
                for holding in all where !holding.isUnfinished { await dropVanished(holding) }
                await finishDeletions()
                for summary in kept where summary.isHome {
                    await mendBackups(of: summary)
                    await mendLenders(of: summary, at: now)
                    await giveBackRest(of: summary, at: now)
                }
            }
            await Task.rest(for: Self.interval)
        }
    }

    /// What was being made when this node ended is not made any more.
    private func takeApart() async {
        for holding in all where holding.isUnfinished { await discard(holding) }
    }

    /// Does what is written down; what the disk does not take now is in memory until this node ends.
    func note(_ body: () async throws -> Void) async {
        do { try await body() } catch {
            house.log.warning("what is held for volumes was not written down", metadata: ["error": "\(error)"])
        }
    }

    /// Gives back all that was borrowed for a volume that has not come to be, and removes what there is of it. A backup that was given
    /// it learns that it is deleted, and so does who has lent.
    func discard(_ holding: VolumeHolding) async {
        let epoch = BlockFence.lastEpoch
        let deletion = DeletedVolume(
            volume: holding.volume, epoch: epoch, at: house.clock().utc, owing: fences(of: epoch, for: holding))
        await note { try await deleted.add(deletion) }
        do throws(VolumeRefusal) {
            do throws(VolumeRefusal) { try await homes.delete(holding.volume, isForced: true) } catch {
                try homes.abandon(holding.volume)
            }
        } catch {
            house.log.warning("a volume was not deleted", metadata: ["volume": "\(holding.volume)", "reason": "\(error)"])
        }
        await giveUp(holding)
    }

    /// Sets room of this node aside for a volume of its own.
    func giveOwn(_ size: Bytes, to volume: VolumeID) throws(LendingError) {
        guard let storage else { return }
        try storage.storage.get().give(size, to: volume)
    }

    /// What there is on this node stays until it is elsewhere.
    func takeBackOwn(of holding: VolumeHolding) {
        guard holding.own > .zero else { return }
        do throws(LendingError) { try giveOwn(.zero, to: holding.volume) } catch {
            house.log.warning("room of a volume is still set aside", metadata: ["error": "\(error)"])
        }
    }

    /// Who lends under the leases that are held.
    func lenders(of holding: VolumeHolding) -> [LeaseID: NodeID] {
        let known = holding.leases.compactMap { id in (lease(id)?.peer ?? holding.lenders?[id]).map { (id, $0) } }
        return Dictionary(known, uniquingKeysWith: { $1 })
    }

    /// Writes down who lends while it is known.
    private func noteLenders(of holding: VolumeHolding) async {
        let lenders = lenders(of: holding)
        guard lenders != holding.lenders ?? [:] else { return }
        await note { try await self.change(holding.volume) { $0.lenders = lenders } }
    }

    /// Has lenders take what was borrowed for the volume, and tells its home how they are.
    private func tend(_ holding: VolumeHolding) async {
        for id in holding.leases { if let lease = lease(id), lease.isOpen { await bind(lease, to: holding.volume) } }
        await dropEmptied(holding)
        provide(holding.volume)
        guard !holding.formerLenders.isEmpty, holding.movedSince == nil,
            adoptions.isDue(holding.volume, at: house.clock().instant)
        else { return }
        await adopt(holding.volume)
    }

    /// Tells the home of a volume who lends to it; on a node that is not the home that is remembered, should it become it.
    func provide(_ volume: VolumeID) {
        guard let holding = self[volume] else { return }
        // What is held for a volume whose metadata are missing here waits for another home.
        try? homes.provide(places(of: holding), to: volume)
    }

    /// Has a lender use a lease for a volume, which it does from then on; one that is not heard of is told later.
    ///
    /// - Returns: why it does not.
    @discardableResult
    func bind(_ lease: Lease, to volume: VolumeID) async -> String? {
        let now = house.clock().instant
        guard bound.withLock({ bound in bound[lease.id].map { now - $0 > Self.faith } ?? true }) else { return nil }
        guard let peer = peer(lease.peer) else { return "it is not known where it is" }
        do {
            try await peer.answer(to: .bind(lease.id, to: volume))
            bound.withLock { $0[lease.id] = now }
            return nil
        } catch { return "\(error)" }
    }

    /// Leases that are over and on whose lender nothing is left are held no more, nor are nodes that are left, and those that had only
    /// what is left of before.
    private func dropEmptied(_ holding: VolumeHolding) async {
        let (open, lenders) = (openLeases(of: holding), lenders(of: holding))
        let former = holding.foundOn
        guard open.count < holding.leases.count || !former.isEmpty || !holding.leaving.isEmpty,
            let status = try? homes.status(of: holding.volume)
        else { return }
        let empty = Set(status.evacuations.filter(\.isDone).map(\.node))
        for node in former where empty.contains(node) { await part(with: node, of: holding.volume) }
        for node in holding.leaving where empty.contains(node) { await note { try await self.release(node, of: holding.volume) } }
        await drop(from: holding, lentBy: lenders, besides: open, emptied: empty)
    }

    /// The same of lenders that say themselves that they have nothing any more, as one does when it has kept what was there for as
    /// long as it had to, and of those that have left the pool.
    private func dropVanished(_ holding: VolumeHolding) async {
        let open = openLeases(of: holding)
        let draining = holding.draining(besides: open)
        guard !draining.isEmpty else { return }
        let members = members
        let answers = await usages(of: holding.volume, on: draining)
        let empty = answers.filter { $0.1 == nil }.map(\.0) + draining.filter { !members.contains($0) }
        await drop(from: holding, lentBy: lenders(of: holding), besides: open, emptied: Set(empty))
    }

    private func drop(
        from holding: VolumeHolding, lentBy lenders: [LeaseID: NodeID], besides open: Set<LeaseID>, emptied empty: Set<NodeID>
    ) async {
        var known = holding
        known.lenders = lenders
        let over = known.over(besides: open, emptied: empty)
        guard !over.isEmpty else { return }
        let left = Set(over.compactMap { lenders[$0] }).subtracting(open.compactMap { lenders[$0] })
        await note {
            try await self.change(holding.volume) { holding in
                holding.leases.removeAll(where: over.contains)
                holding.leftBehind(left)
            }
        }
    }

    private func openLeases(of holding: VolumeHolding) -> Set<LeaseID> {
        Set(holding.leases.filter { lease($0)?.isOpen ?? false })
    }

    /// The nodes that give room to a volume, as leases have it, or have something of it left, each once.
    func places(of holding: VolumeHolding) -> [StorePlace] {
        let lent = Dictionary(grouping: lenders(of: holding), by: \.value)
        var places = lent.sorted { $0.key < $1.key }.compactMap { node, lent in
            let open = lent.compactMap { lease($0.key) }.filter { $0.isOpen && $0.state != .reclaiming }
            return place(node, of: open.reduce(.zero) { $0 + $1.amounts.disk }, holding)
        }
        if holding.own > .zero, let here = place(own, of: holding.own, holding) { places.append(here) }
        // What they have can be read while they do not lend to this node yet.
        let known = Set(places.map(\.node))
        return places
            + holding.foundOn.filter { !known.contains($0) }.compactMap { place($0, .closed, .zero) }
    }

    private func place(_ node: NodeID, of room: Bytes, _ holding: VolumeHolding) -> StorePlace? {
        let isLeaving = room == .zero || holding.leaving.contains(node)
        return place(node, isLeaving ? .leaving : .open, room)
    }

    private func place(_ node: NodeID, _ phase: StoreCondition.Phase, _ room: Bytes) -> StorePlace? {
        guard let place = pools.reach(node) else { return nil }
        let condition = StoreCondition(node, domain: domain(of: node), phase: phase, free: UInt64(room.rawValue))
        return StorePlace(condition, host: place.host, port: UInt16(place.port))
    }
}
