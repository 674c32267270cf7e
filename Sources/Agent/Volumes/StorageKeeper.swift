import Frames
import Kernel
import Logging
import Node
import Resources
import Trading
import VolumeService
import Volumes

/// Lends this node's disk: sets room aside for leases and takes it back as the node decides, and measures what the owner has there.
final class StorageKeeper: Sendable {
    private enum Order: Sendable {
        case open(LeaseID, Bytes)
        case close(LeaseID)
    }

    /// How often it is looked what is stored under leases.
    private static let interval = Duration.seconds(1)

    /// Where blocks are kept.
    let directory: String
    /// What keeps them, or why it cannot: then no disk is lent.
    let storage: Result<LentStorage, LendingError>
    private let capacity: Bytes
    private let engine: Engine
    private let log: Logger
    private let orders: AsyncStream<Order>
    private let orderQueue: AsyncStream<Order>.Continuation

    /// - Parameter directory: made when it is not there.
    init(in directory: String, of house: Household, as node: NodeID, engine: Engine) {
        (self.directory, self.engine, log) = (directory, engine, house.log)
        capacity = house.capacity.disk
        (orders, orderQueue) = AsyncStream.makeStream()
        storage = Self.open(directory, house, node, engine)
        if case .failure(let error) = storage {
            log.error("no disk is lent: \(error)", metadata: ["directory": "\(directory)"])
        }
    }

    private static func open(
        _ directory: String, _ house: Household, _ node: NodeID, _ engine: Engine
    ) -> Result<LentStorage, LendingError> {
        do throws(LendingError) {
            let place: LendingDirectory
            do { place = try LendingDirectory(directory) } catch { throw .store(error) }
            return .success(
                try LentStorage(in: place, as: node, .init(room: house.capacity.disk), clock: house.clock) { lease in
                    engine.handle(.storeClosed(lease))
                })
        } catch { return .failure(error) }
    }

    /// Of the file system that a directory is on, which is made when it is not there.
    ///
    /// - Throws: when it cannot be.
    static func capacity(at directory: String) throws -> Bytes {
        _ = try LendingDirectory(directory)
        return FileSystemSpace(of: directory)?.size ?? .zero
    }

    /// What others ask for of what they have here.
    var service: any FrameService {
        switch storage {
        case .success(let lent): lent
        case .failure: UnusableStorage()
        }
    }

    // MARK: What the node decides

    func open(_ lease: LeaseID, _ size: Bytes) { orderQueue.yield(.open(lease, size)) }
    func close(_ lease: LeaseID) { orderQueue.yield(.close(lease)) }

    func run() async {
        guard let storage = try? storage.get() else { return await refuseAll() }
        // What was decided before this start, and what was lost since, is put right before anything new is done.
        await onThread { self.reconcile(storage) }
        await withDiscardingTaskGroup { group in
            group.addTask { for await order in self.orders { await onThread { self.carryOut(order, storage) } } }
            group.addTask { await onOwnThread({ storage.run() }, stop: storage.stop) }
            group.addTask { await self.scrub(storage) }
            group.addTask { await self.tellUses(of: storage) }
        }
    }

    private func refuseAll() async {
        for await order in orders {
            switch order {
            case .open(let lease, _): engine.handle(.storeFailed(lease, reason: "its disk cannot be used now"))
            // What is there takes its room until the directory can be used again and it is given back.
            case .close: break
            }
        }
    }

    private func carryOut(_ order: Order, _ storage: LentStorage) {
        switch order {
        case .open(let lease, let size):
            guard let borrower = engine.read({ $0.leases[lease]?.lease.peer }) else { return }
            do throws(LendingError) {
                try storage.open(lease, size, of: borrower)
                engine.handle(.storeOpened(lease))
            } catch {
                log.warning("no room was set aside on the disk", metadata: ["lease": "\(lease)", "error": "\(error)"])
                engine.handle(.storeFailed(lease, reason: error.reason))
            }
        case .close(let lease): storage.drain(lease, hold: Timing.drainage)
        }
    }

    private func reconcile(_ storage: LentStorage) {
        let open = engine.read { node in
            node.leases.unsettled.values.filter(\.lendsDisk).map { OpenLease($0.id, $0.lease.amounts.disk, of: $0.lease.peer) }
        }
        for (lease, error) in storage.reconcile(open, hold: Timing.drainage) {
            log.warning("the room of a lease is gone", metadata: ["lease": "\(lease)", "error": "\(error)"])
            engine.handle(.storeFailed(lease, reason: error.reason))
        }
    }

    /// Has the node know what is stored under its leases, and who may take it over.
    private func tellUses(of storage: LentStorage) async {
        var told: [LeaseID: StoreUse] = [:]
        while !Task.isCancelled {
            let uses = storage.report.uses
            if uses != told { engine.handle(.stores(uses)) }
            told = uses
            await Task.rest(for: Self.interval)
        }
    }

    private func scrub(_ storage: LentStorage) async {
        let log = log
        let scrubber = Scrubber(of: storage) { block, volume in
            log.warning("a stored block is damaged", metadata: ["block": "\(block)", "volume": "\(volume)"])
        }
        await onOwnThread({ scrubber.run() }, stop: scrubber.stop)
    }

    // MARK: What the owner has

    /// What of the disk the owner's own files take, or others that are not this agent's: all but what is free and what is lent, as far
    /// as the node knows of it. Where less than all of the file system is this node's to share out, only what cuts into that.
    var ownerUsage: Bytes {
        guard let storage = try? storage.get(), let space = FileSystemSpace(of: directory) else { return capacity }
        let leases = storage.report.leases
        let counted = engine.read { node in Set(leases.map(\.lease).filter(node.leases.takes)) }
        let lent = leases.reduce(Bytes.zero) { counted.contains($1.lease) ? $0 + $1.used : $0 }
        return max(.zero, capacity - space.free - lent)
    }
}

extension LeaseEntry {
    /// Whether it lends room on this disk that is there, or is to be made.
    fileprivate var lendsDisk: Bool { lease.role == .lender && lease.isOfDisk && lease.isOpen && hasBegun }
}

extension LendingReport {
    fileprivate var uses: [LeaseID: StoreUse] {
        let heirs = Dictionary(volumes.map { ($0.volume, $0.heirs) }, uniquingKeysWith: { $1 })
        let uses = leases.map { lease in
            (lease.lease, StoreUse(volume: lease.volume, heirs: lease.volume.flatMap { heirs[$0] } ?? []))
        }
        return Dictionary(uses, uniquingKeysWith: { $1 })
    }
}

extension LendingError {
    /// For a borrower: what is wrong, and no more of how this machine is.
    fileprivate var reason: String {
        switch self {
        case .noRoom, .diskFull: "its disk has less room than it thought"
        case .borrowed, .ending, .store, .book: "its disk cannot be used now"
        }
    }
}
