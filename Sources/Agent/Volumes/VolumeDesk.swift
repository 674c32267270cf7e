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
final class VolumeDesk: Sendable {
    /// How often it is looked whether lenders are still there and leases go on.
    private static let interval = Duration.seconds(1)

    let house: Household
    let engine: Engine
    let requests: LeaseRequests
    let roster: MemberRoster
    let peers: PeerCaller
    let homes: VolumeHomes
    let storage: StorageKeeper?
    let pools: NodePools
    let own: NodeID
    private let holdings: Mutex<[VolumeID: VolumeHolding]>

    init(
        house: Household, engine: Engine, requests: LeaseRequests, roster: MemberRoster, peers: PeerCaller,
        surroundings: HomesSurroundings, homes: VolumeHomes, storage: StorageKeeper?
    ) throws {
        (self.house, self.engine, self.requests, self.roster) = (house, engine, requests, roster)
        (self.peers, self.homes, self.storage) = (peers, homes, storage)
        pools = NodePools(as: surroundings.identity, .init(), reach: surroundings.reach)
        own = surroundings.identity.node
        let known = try house.store.states(.volume, as: VolumeHolding.self)
        holdings = Mutex(Dictionary(known.map { ($0.volume, $0) }, uniquingKeysWith: { $1 }))
    }

    // MARK: What is held

    subscript(volume: VolumeID) -> VolumeHolding? { holdings.withLock { $0[volume] } }
    var all: [VolumeHolding] { holdings.withLock { $0.values.sorted { $0.volume < $1.volume } } }

    /// Writes down what is held for a volume; `nil` for nothing any more.
    func keep(_ holding: VolumeHolding?, for volume: VolumeID) async throws {
        holdings.withLock { $0[volume] = holding }
        try await house.store.commit([.state(.volume, id: volume.description, holding)])
    }

    /// Writes down what is different.
    func change(_ volume: VolumeID, _ body: @Sendable (inout VolumeHolding) -> Void) async throws {
        let changed = holdings.withLock { holdings in
            holdings[volume].map { holding in
                var holding = holding
                body(&holding)
                holdings[volume] = holding
                return holding
            }
        }
        if let changed { try await house.store.commit([.state(.volume, id: volume.description, changed)]) }
    }

    /// A lease that this node has borrowed.
    func lease(_ id: LeaseID) -> Lease? { engine.read { $0.leases[id]?.lease } }

    func name(_ node: NodeID) -> String { roster[node]?.name ?? node.description }

    func peer(_ node: NodeID) -> BlockPeer? { pools.pool(to: node).map { BlockPeer($0, patience: .seconds(10)) } }

    // MARK: Work that goes on

    func run() async {
        await takeApart()
        while !Task.isCancelled {
            let kept = await onThread { self.homes.list() }
            for holding in all where !holding.isUnfinished {
                if isLost(kept.first { $0.volume == holding.volume }) { await giveUp(holding) } else { await tend(holding) }
            }
            await Task.rest(for: Self.interval)
        }
    }

    /// What was being made when this node ended is not made any more.
    private func takeApart() async {
        for holding in all where holding.isUnfinished { await discard(holding) }
    }

    /// Whether this node is not the home of a volume any more: another one is, or has deleted it.
    private func isLost(_ summary: VolumeSummary?) -> Bool {
        guard let summary else { return true }
        guard case .backup = summary.role else { return false }
        return summary.home != own
    }

    /// Gives back what was borrowed for a volume that has its home elsewhere, which borrows for itself.
    private func giveUp(_ holding: VolumeHolding) async {
        for lease in holding.leases { engine.handle(.release(lease)) }
        takeBackOwn(of: holding)
        do { try await keep(nil, for: holding.volume) } catch {
            house.log.warning("what was held for a volume is still written down", metadata: ["error": "\(error)"])
        }
    }

    /// Gives back all that was borrowed for a volume, and removes what there is of it.
    func discard(_ holding: VolumeHolding) async {
        do throws(VolumeRefusal) {
            do throws(VolumeRefusal) { try await homes.delete(holding.volume, isForced: true) } catch {
                try homes.abandon(holding.volume)
            }
        } catch {
            house.log.warning("a volume was not deleted", metadata: ["volume": "\(holding.volume)", "reason": "\(error)"])
        }
        for lease in holding.leases { engine.handle(.release(lease)) }
        takeBackOwn(of: holding)
        do { try await keep(nil, for: holding.volume) } catch {
            house.log.warning("what was held for a volume is still written down", metadata: ["error": "\(error)"])
        }
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

    /// Has lenders take what was borrowed for the volume, and tells its home how they are.
    private func tend(_ holding: VolumeHolding) async {
        for id in holding.leases { if let lease = lease(id), lease.isOpen { await bind(lease, to: holding.volume) } }
        await dropEnded(holding)
        guard let current = self[holding.volume] else { return }
        try? homes.provide(places(of: current), to: current.volume)
    }

    /// Has a lender use a lease for a volume. It is harmless to say again; one that is not heard of is told later.
    ///
    /// - Returns: why it does not.
    @discardableResult
    func bind(_ lease: Lease, to volume: VolumeID) async -> String? {
        guard let peer = peer(lease.peer) else { return "it is not known where it is" }
        do {
            try await peer.answer(to: .bind(lease.id, to: volume))
            return nil
        } catch { return "\(error)" }
    }

    /// Leases that are over and on whose lender nothing is left are held no more.
    private func dropEnded(_ holding: VolumeHolding) async {
        let ended = holding.leases.filter { id in lease(id).map { !$0.isOpen } ?? true }
        guard !ended.isEmpty, let status = try? homes.status(of: holding.volume) else { return }
        let empty = Set(status.evacuations.filter(\.isDone).map(\.node))
        let over = ended.filter { id in lease(id).map { empty.contains($0.peer) } ?? true }
        guard !over.isEmpty else { return }
        do { try await change(holding.volume) { $0.leases.removeAll(where: over.contains) } } catch {
            house.log.warning("leases that are over are still written down", metadata: ["error": "\(error)"])
        }
    }

    /// The nodes that give room to a volume, as leases have it, each once.
    func places(of holding: VolumeHolding) -> [StorePlace] {
        let leases = Dictionary(grouping: holding.leases.compactMap { lease($0) }, by: \.peer)
        var places = leases.sorted { $0.key < $1.key }.compactMap { node, leases in
            let open = leases.filter { $0.isOpen && $0.state != .reclaiming }
            return place(node, of: open.reduce(.zero) { $0 + $1.amounts.disk }, holding)
        }
        if holding.own > .zero, let here = place(own, of: holding.own, holding) { places.append(here) }
        return places
    }

    private func place(_ node: NodeID, of room: Bytes, _ holding: VolumeHolding) -> StorePlace? {
        guard let place = pools.reach(node) else { return nil }
        let isLeaving = room == .zero || holding.leaving.contains(node)
        let condition = StoreCondition(node, phase: isLeaving ? .leaving : .open, free: UInt64(room.rawValue))
        return StorePlace(condition, host: place.host, port: UInt16(place.port))
    }
}
