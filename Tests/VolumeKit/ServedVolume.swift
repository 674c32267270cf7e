import BlockStore
import Foundation
import FrameKit
import Frames
package import Mounts
import Resources
import Synchronization
import VolumeClient
import VolumeService
import Volumes

/// A volume over block stores and a home on loopback, with its metadata in memory.
package final class ServedVolume: Sendable {
    package struct Options: Sendable {
        package var stores = 3
        /// Bytes of content, and files and directories, that the volume holds at most.
        package var capacity: UInt64 = 1 << 30
        package var inodeLimit: UInt64 = 10_000

        package init() {}
    }

    package let directory: String
    let volume = VolumeID(high: 1, low: 2)
    private let peers: FramePeers
    private let stores: [(node: NodeID, listener: FrameListener)]
    private let home: HomeServer<MemoryState>
    private let homeListener: FrameListener
    private let homeNode: NodeID
    private let mounted = Mutex<[MountedVolume]>([])

    package static func serving(_ options: Options = Options(), _ body: (ServedVolume) async throws -> Void) async throws {
        let served = try await ServedVolume(options)
        let result = await Result { () async throws in try await body(served) }
        await served.end()
        try result.get()
    }

    private init(_ options: Options) async throws {
        directory = NSTemporaryDirectory() + "/surplus-volume-\(UUID().uuidString.prefix(8))"
        peers = try FramePeers()
        var stores: [(NodeID, FrameListener)] = []
        for number in 0..<options.stores {
            let place = directory + "/store\(number)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let store = try BlockStore(on: PosixDisk(place), .init(capacity: .mebibytes(512), segmentSize: .mebibytes(32)))
            let peer = try peers.node("store\(number)")
            let server = FrameServer([BlockServer(store) { _, _, _ in nil }], as: peer.node, limits: .wide, times: .patient)
            stores.append((peer.node, try await FrameListener(server, host: "127.0.0.1", port: 0, as: peer)))
        }
        self.stores = stores
        var state = MemoryState()
        Volume.found(
            in: &state, capacity: options.capacity, inodeLimit: options.inodeLimit, owner: geteuid(), group: getegid(),
            at: FileTime(rawValue: 1))
        let queue = DispatchQueue(label: "journal")
        let box = Box()
        home = HomeServer(
            VolumeHome(Volume(state), epoch: 1, at: Self.now), of: volume, rule: { _, _, _ in nil }, clock: { Self.now }
        ) { record in queue.async { box.value.withLock { $0 }?(record.index) } }
        let peer = try peers.node("home")
        homeNode = peer.node
        homeListener = try await FrameListener(
            FrameServer([home], as: peer.node, limits: .wide, times: .patient), host: "127.0.0.1", port: 0, as: peer)
        box.value.withLock { [home] in $0 = { home.becameDurable($0) } }
    }

    /// Files have the time that it is; sessions never end.
    private static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let utc = Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
        return Moment(boot: BootID("b"), instant: Instant(microseconds: 1), utc: utc)
    }

    private final class Box: Sendable {
        let value = Mutex<(@Sendable (UInt64) -> Void)?>(nil)
    }

    /// Mounts it on a directory of its own.
    package func mount(_ options: MountOptions = MountOptions()) throws -> MountedVolume {
        let client = try peers.node("client")
        let mounted = try MountedVolume(self, as: client, options)
        self.mounted.withLock { $0.append(mounted) }
        return mounted
    }

    func blockPeers(for client: FramePeer) -> [BlockPeer] {
        stores.map { store in
            BlockPeer(FramePool(to: store.node, host: "127.0.0.1", port: store.listener.port, as: client, .patient))
        }
    }

    func homePool(for client: FramePeer, onNotice: @escaping @Sendable (FrameMessage) -> Void) -> FramePool {
        var options = FramePool.Options.single
        options.limits = .wide
        return FramePool(
            to: homeNode, host: "127.0.0.1", port: homeListener.port, as: client, options, onNotice: onNotice)
    }

    /// Ends a store for good.
    package func end(store number: Int) async { await stores[number].listener.shutDown() }

    private func end() async {
        for mounted in mounted.withLock({ $0 }) { mounted.end() }
        for store in stores { await store.listener.shutDown() }
        await homeListener.shutDown()
        try? FileManager.default.removeItem(atPath: directory)
    }
}

/// One mount of it.
package final class MountedVolume: Sendable {
    package let path: String
    private let mount: Mount
    private let ended = DispatchSemaphore(value: 0)

    private final class Link: Sendable {
        let system = Mutex<VolumeFileSystem?>(nil)
    }

    init(_ served: ServedVolume, as client: FramePeer, _ options: MountOptions) throws {
        path = served.directory + "/mount-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let link = Link()
        let pool = served.homePool(for: client) { notice in
            if let recall = HomeLink.recall(in: notice) { link.system.withLock { $0 }?.heed(recall) }
        }
        var random = SystemRandomNumberGenerator()
        let session = SessionID(at: Timestamp(microseconds: 1), using: &random)
        let home = try HomeLink(to: served.volume, session: session, as: client.node, over: pool)
        let cipher = VolumeCipher(key: [UInt8](repeating: 7, count: VolumeCipher.keyLength))
        let blocks = BlockPool(served.volume, on: served.blockPeers(for: client), replicas: 2, cipher: cipher)
        let system = VolumeFileSystem(home: home, blocks: blocks)
        link.system.withLock { $0 = system }
        var settings = MountSettings()
        settings.dropsChangedContent = false
        mount = try Mount(system, source: "test", on: path, options: options, settings: settings)
        system.attach(mount)
        let (mount, ended) = (mount, ended)
        Thread.detachNewThread {
            try? mount.serve()
            ended.signal()
        }
    }

    func end() {
        try? mount.unmount(.aborting)
        ended.wait()
    }
}

extension FrameLimits {
    /// For servers whose answers wait for other requests.
    static var wide: Self {
        var limits = Self()
        (limits.running, limits.requests) = (512, 1024)
        return limits
    }
}
