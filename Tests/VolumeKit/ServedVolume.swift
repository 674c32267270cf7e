internal import BlockStore
internal import Foundation
package import FrameKit
package import Frames
package import Mounts
package import Resources
internal import Synchronization
package import VolumeClient
internal import VolumeService
package import Volumes

/// A volume over block stores and a home on loopback.
package final class ServedVolume: Sendable {
    package struct Options: Sendable {
        package var stores = 3
        /// What each of them takes at most.
        package var storeSize = Bytes.mebibytes(512)
        /// What the first one takes, when it is another amount, though it says that it has room.
        package var firstStoreSize: Bytes?
        /// Bytes of content, and files and directories, that the volume holds at most.
        package var capacity: UInt64 = 1 << 30
        package var inodeLimit: UInt64 = 10_000

        package init() {}
    }

    package let directory: String
    package let home: any HomePlace
    package let peers: FramePeers
    private let stores: [(node: NodeID, listener: FrameListener, blocks: BlockStore)]
    private let mounted = Mutex<[MountedVolume]>([])

    /// - Parameter home: makes its home, for a volume, in a directory that is there; in memory unless told otherwise.
    package static func serving(
        _ options: Options = Options(),
        home: HomeMaker,
        _ body: (ServedVolume) async throws -> Void
    ) async throws {
        let served = try await ServedVolume(options, home)
        let result = await Result { () async throws in try await body(served) }
        await served.end()
        try result.get()
    }

    package static func serving(_ options: Options = Options(), _ body: (ServedVolume) async throws -> Void) async throws {
        try await serving(options, home: { try await MemoryHome($0, options, as: try $2.node("home")) }, body)
    }

    private init(
        _ options: Options, _ makeHome: HomeMaker
    ) async throws {
        directory = NSTemporaryDirectory() + "/surplus-volume-\(UUID().uuidString.prefix(8))"
        peers = try FramePeers()
        var stores: [(NodeID, FrameListener, BlockStore)] = []
        for number in 0..<options.stores {
            let place = directory + "/store\(number)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let size = number == 0 ? options.firstStoreSize ?? options.storeSize : options.storeSize
            let store = try BlockStore(on: PosixDisk(place), .init(capacity: size, segmentSize: .mebibytes(32)))
            let peer = try peers.node("store\(number)")
            let server = FrameServer([BlockServer(store) { _, _, _ in nil }], as: peer.node, limits: .wide, times: .patient)
            stores.append((peer.node, try await FrameListener(server, host: "127.0.0.1", port: 0, as: peer), store))
        }
        self.stores = stores
        home = try await makeHome(Self.volume, directory, peers)
    }

    package static let volume = VolumeID(high: 1, low: 2)

    /// Mounts it on a directory of its own.
    ///
    /// - Parameter cable: over which the home is reached.
    package func mount(
        _ options: MountOptions = MountOptions(), over cable: Cable? = nil, link: HomeLink.Options = HomeLink.Options(),
        mostFiles: Int = VolumeFileSystem.mostFiles, age: Duration = .seconds(30), as client: FramePeer? = nil,
        on stores: [MountPlan.Server]? = nil, pool: BlockPool.Options = BlockPool.Options()
    ) throws -> MountedVolume {
        let client = if let client { client } else { try peers.node("client") }
        let mounted = try MountedVolume(
            plan(for: client, over: cable, on: stores), as: client, options, link, mostFiles: mostFiles, age: age, pool: pool)
        self.mounted.withLock { $0.append(mounted) }
        return mounted
    }

    /// What a process of its own needs to mount it.
    package func plan(
        for client: FramePeer, over cable: Cable? = nil, on stores: [MountPlan.Server]? = nil
    ) throws -> MountPlan {
        let path = directory + "/mount-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return MountPlan(
            volume: Self.volume, path: path, peer: StoredPeer(client),
            home: .init(node: home.node, port: cable?.port ?? home.port),
            stores: stores ?? self.stores.map { .init(node: $0.node, port: $0.listener.port) })
    }

    /// The stores, as a home tells of them.
    package var places: [StorePlace] {
        stores.map { MountPlan.Server(node: $0.node, port: $0.listener.port).place }
    }

    /// Where a store has its files, and which node it is.
    package func place(ofStore number: Int) -> (directory: String, node: NodeID) {
        (directory + "/store\(number)", stores[number].node)
    }

    /// What all stores have of blocks.
    package var stored: Bytes { stores.reduce(.zero) { $0 + $1.blocks.usage.live } }

    /// What all stores have granted and was not used.
    package var granted: Bytes { stores.reduce(.zero) { $0 + $1.blocks.usage.granted } }

    /// Ends a store for good.
    /// All stores have so much room from now on, whatever they have granted.
    package func resize(stores size: Bytes) { for store in stores { store.blocks.resize(to: size) } }

    package func end(store number: Int) async { await stores[number].listener.shutDown() }

    private func end() async {
        for mounted in mounted.withLock({ $0 }) { mounted.end() }
        for store in stores { await store.listener.shutDown() }
        await home.end()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// A home in memory, whose sessions never end.
package final class MemoryHome: HomePlace {
    package let node: NodeID
    private let home: HomeServer<MemoryState>
    private let listener: FrameListener

    package var port: Int { listener.port }

    /// What is set aside for sessions, in bytes.
    package var reserved: UInt64 { home.header?.reserved ?? 0 }

    /// It hears of the stores of its volume.
    package func meet(_ places: [StorePlace]) { home.meet(places) }

    init(_ volume: VolumeID, _ options: ServedVolume.Options, as peer: FramePeer) async throws {
        var state = MemoryState()
        Volume.found(
            in: &state, capacity: options.capacity, inodeLimit: options.inodeLimit, owner: geteuid(), group: getegid(),
            at: FileTime(rawValue: 1))
        let queue = DispatchQueue(label: "journal")
        let box = Box()
        home = HomeServer(
            VolumeHome(Volume(state), epoch: 1, at: Self.now), of: volume, rule: { _, _, _ in nil }, clock: { Self.now },
            journal: { record in queue.async { box.value.withLock { $0 }?(record.index) } })
        node = peer.node
        listener = try await FrameListener(
            FrameServer([home], as: peer.node, limits: .wide, times: .patient), host: "127.0.0.1", port: 0, as: peer)
        box.value.withLock { [home] in $0 = { home.becameDurable($0) } }
    }

    /// Files have the time that it is; sessions never end.
    private static var now: Moment {
        var now = Moment.ofSystem
        now.instant = Instant(microseconds: 1)
        return now
    }

    private final class Box: Sendable {
        let value = Mutex<(@Sendable (UInt64) -> Void)?>(nil)
    }

    package func end() async { await listener.shutDown() }
}

extension FrameLimits {
    /// For servers whose answers wait for other requests.
    package static var wide: Self {
        var limits = Self()
        (limits.running, limits.requests) = (512, 1024)
        return limits
    }
}
