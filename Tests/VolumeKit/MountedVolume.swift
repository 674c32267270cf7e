internal import Foundation
internal import FrameKit
package import Frames
internal import Glibc
package import Mounts
package import Resources
internal import Synchronization
package import VolumeClient
package import Volumes

/// All that it takes to mount a served volume, also in another process.
package struct MountPlan: Codable, Sendable {
    package struct Server: Codable, Sendable {
        package let node: NodeID
        package let port: Int

        package init(node: NodeID, port: Int) { (self.node, self.port) = (node, port) }

        /// As one that takes blocks.
        var place: StorePlace {
            StorePlace(StoreCondition(node, free: 1 << 30), host: "127.0.0.1", port: UInt16(port))
        }
    }

    let volume: VolumeID
    package let path: String
    let peer: StoredPeer
    let home: Server
    let stores: [Server]
    /// Of each block.
    var copies = 2

    /// Mounts it in this process as long as it is needed.
    package func run(while isNeeded: () -> Bool) throws {
        let mounted = try MountedVolume(self, as: peer)
        OtherProcess.say(0)
        while isNeeded() { usleep(100_000) }
        mounted.end()
    }

    /// Mounts it in another process while the body runs, which is killed afterwards at the latest.
    package func mounting(_ body: (OtherProcess) async throws -> Void) async throws {
        let process = try await OtherProcess("mount", self)
        let result = await Result { () async throws in try await body(process) }
        await process.end()
        umount2(path, Int32(MNT_DETACH))
        try result.get()
    }
}

/// One mount of a served volume.
package final class MountedVolume: Sendable {
    package let path: String
    package let system: VolumeFileSystem
    package let blocks: BlockPool
    private let damages = Damages()
    private let mount: Mount
    private let ended = DispatchSemaphore(value: 0)
    private let isOver = Atomic(false)
    private let notices = Count()

    /// How often the home has told it something unasked.
    package var noticeCount: Int { notices.value.load(ordering: .relaxed) }

    private final class Count: Sendable {
        let value = Atomic(0)
    }

    /// A copy that was found to be damaged or missing.
    package struct Damage: Hashable, Sendable {
        package let block: BlockID
        package let node: NodeID
    }

    private let lost = Losses()

    private final class Losses: Sendable {
        let inodes = Mutex<[InodeNumber]>([])
    }

    /// Of which something that was written is lost.
    package var losses: [InodeNumber] { lost.inodes.withLock { $0 } }

    private final class Damages: Sendable {
        let found = Mutex<[Damage]>([])
    }

    /// Which copies were damaged, in the order in which they were found.
    package var damage: [Damage] { damages.found.withLock { $0 } }

    private final class Link: Sendable {
        let system = Mutex<VolumeFileSystem?>(nil)
    }

    package init(
        _ plan: MountPlan, as client: any FrameIdentity, _ options: MountOptions = MountOptions(),
        _ linkOptions: HomeLink.Options = HomeLink.Options(), mostFiles: Int = VolumeFileSystem.mostFiles,
        age: Duration = .seconds(30), pool: BlockPool.Options = BlockPool.Options(), lines: FramePool.Options = .patient,
        find: @escaping @Sendable () -> HomeAddress? = { nil }
    ) throws {
        path = plan.path
        let link = Link()
        var poolOptions = lines
        (poolOptions.connections, poolOptions.limits) = (1, .wide)
        var random = SystemRandomNumberGenerator()
        let session = SessionID(at: Timestamp(microseconds: 1), using: &random)
        let address = HomeAddress(plan.home.node, host: "127.0.0.1", port: plan.home.port)
        let home = try HomeLink(
            to: plan.volume, session: session, as: plan.peer.node, linkOptions, find: { find() ?? address },
            dial: { [notices, poolOptions] address in
                FramePool(to: address.node, host: address.host, port: address.port, as: client, poolOptions) { notice in
                    notices.value.add(1, ordering: .relaxed)
                    link.system.withLock { $0 }?.heed(notice)
                }
            })
        let cipher = VolumeCipher(key: [UInt8](repeating: 7, count: VolumeCipher.keyLength))
        blocks = BlockPool(
            plan.volume, as: plan.peer.node, copies: plan.copies, cipher: cipher, pool,
            dial: { FramePool(to: $0.node, host: $0.host, port: Int($0.port), as: client, lines) },
            onDamage: { [damages] block, node in damages.found.withLock { $0.append(Damage(block: block, node: node)) } })
        blocks.learn(plan.stores.map(\.place))
        let system = VolumeFileSystem(
            home: home, blocks: blocks, mostFiles: mostFiles, age: age, changesDurably: options.hasSynchronousDirectories
        ) { [lost] inode, _ in lost.inodes.withLock { $0.append(inode) } }
        link.system.withLock { $0 = system }
        var settings = MountSettings()
        settings.dropsChangedContent = false
        let mount = try Mount(system, source: "test", on: plan.path, options: options, settings: settings)
        system.attach(mount)
        (self.system, self.mount) = (system, mount)
        Thread.detachNewThread { [ended] in
            try? mount.serve()
            ended.signal()
        }
    }

    /// Unmounts it, and ends its session.
    package func end() {
        guard !isOver.exchange(true, ordering: .relaxed) else { return }
        try? mount.unmount(.aborting)
        ended.wait()
        try? system.finish()
    }
}
