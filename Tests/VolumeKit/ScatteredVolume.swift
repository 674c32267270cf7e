package import BlockClient
internal import Foundation
internal import FrameKit
internal import Frames
internal import Mounts
package import Resources
internal import Synchronization
package import VolumeClient
internal import VolumeService
internal import VolumeStore
internal import Volumes

/// A volume whose home, the backups of that, and whose lenders are each in a process of their own. Who waits for another one is as
/// patient as ever.
package final class ScatteredVolume: Sendable {
    package struct Options: Sendable {
        package var backups = 2
        package var lenders = 5
        /// Of each block.
        package var copies = 3
        /// What each of them lends.
        package var size = Bytes.mebibytes(512)

        package init() {}
    }

    package struct Lender: Sendable {
        package let process: CabledProcess
        /// As it is asked over its cable.
        package let blocks: BlockPeer
        fileprivate let plan: StoreProcess
        fileprivate let server: MountPlan.Server

        package var node: NodeID { server.node }
    }

    package let volume: VolumeID
    package let options: Options
    /// The home is the first one; the others are its backups.
    package let keepers: [CabledProcess]
    package let lenders: [Lender]
    private let directory: String
    private let client: FramePeer
    private let home: MountPlan.Server
    /// Where each keeper keeps it.
    private let places: [String]
    private let desk: FramePool
    private let mounted = Mutex<[MountedVolume]>([])

    /// - Parameter body: is given it with all its processes running.
    package static func serving(
        _ options: Options = Options(), _ body: (ScatteredVolume) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "/surplus-scattered-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let scattered = try await ScatteredVolume(options, in: directory)
        let result = await Result { () async throws in try await body(scattered) }
        await scattered.end()
        try result.get()
    }

    private init(_ options: Options, in directory: String) async throws {
        let peers = try FramePeers()
        let client = try peers.node("client")
        let keeping = try (0...options.backups).map { try CabledSeat("keeper\($0)", of: peers) }
        let lending = try (0..<options.lenders).map { try CabledSeat("lender\($0)", of: peers) }
        let plans = keeping.map { seat in
            HomesPlan(
                directory: directory + "/\(seat.peer.node)", peer: StoredPeer(seat.peer),
                nodes: keeping.map { $0.port == seat.port ? $0.ownServer : $0.server }, stores: lending.map(\.server),
                pace: .usual)
        }
        keepers = zip(keeping, plans).map { seat, plan in CabledProcess(behind: seat.cable) { try await plan.start() } }
        for backup in keepers[1...] { try await backup.start() }
        let volume = try await Self.found(plans[0], backups: plans[1...].map(\.node), options)
        lenders = lending.map { seat in
            let plan = StoreProcess(
                volume, in: directory + "/\(seat.peer.node)", as: StoredPeer(seat.peer), size: options.size,
                borrower: keeping[0].peer.node, users: [client.node], port: seat.port)
            let pool = FramePool(to: seat.peer.node, host: "127.0.0.1", port: seat.cable.port, as: client)
            let process = CabledProcess(behind: seat.cable) { try await plan.start() }
            return Lender(process: process, blocks: BlockPeer(pool), plan: plan, server: seat.server)
        }
        for lender in lenders { try await lender.process.start() }
        try await keepers[0].start()
        (self.volume, self.options, self.directory, self.client) = (volume, options, directory, client)
        (home, places) = (keeping[0].server, plans.map { "\($0.directory)/\(volume)" })
        desk = FramePool(to: home.node, host: "127.0.0.1", port: home.port, as: client)
        try await until { await standing != nil }
    }

    /// Makes it, with its home in this process for a moment.
    private static func found(_ plan: HomesPlan, backups: [NodeID], _ options: Options) async throws -> VolumeID {
        let served = try await ServedHomes(plan)
        let volume = await Result { () async throws in
            let volume = try served.homes.create(
                VolumeHomes.Plan(
                    name: "v", capacity: 1 << 30, inodeLimit: 100_000, copies: options.copies, owner: geteuid(), group: getegid())
            )
            try await until { served.summary(of: volume)?.isReady ?? false }
            if !backups.isEmpty { try await served.homes.change(backups: backups, of: volume) }
            return volume
        }
        await served.end()
        return try volume.get()
    }

    // MARK: Using it

    /// Mounts it on a directory of its own.
    package func mount(_ link: HomeLink.Options = HomeLink.Options()) throws -> MountedVolume {
        let path = directory + "/mount-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let plan = MountPlan(
            volume: volume, path: path, peer: StoredPeer(client), home: home, stores: lenders.map(\.server),
            copies: options.copies)
        var pool = BlockPool.Options()
        // So that content comes to be on all lenders: it goes to the same ones until this is used.
        pool.portion = 1 << 20
        let mounted = try MountedVolume(plan, as: client, MountOptions(), link, pool: pool, lines: FramePool.Options())
        self.mounted.withLock { $0.append(mounted) }
        return mounted
    }

    /// How its copies are, as the home knows it; `nil` when that cannot say now.
    package var standing: VolumeStanding? {
        get async {
            guard let answer = try? await desk.answer(to: .standing(volume)) else { return nil }
            return try? JSONDecoder().decode(VolumeStanding.self, from: answer)
        }
    }

    /// The owner of a lender wants all room back, soon.
    package func drain(_ lender: Lender) { lender.plan.drain() }

    /// Whether a lender has given all back.
    package func isDrained(_ lender: Lender) async -> Bool {
        do throws(BlockError) { _ = try await lender.blocks.answer(to: .usage(volume)) } catch {
            return error == .store(.notLent(volume))
        }
        return false
    }

    /// A lender that has given all back lends under another lease.
    package func lendAgain(_ lender: Lender) async throws {
        let others = lenders.map(\.server).filter { $0.node != lender.node }
        _ = try await desk.answer(to: .provide(others, to: volume))
        await lender.process.kill()
        try lender.plan.lendAgain()
        try await lender.process.start()
        _ = try await desk.answer(to: .provide(lenders.map(\.server), to: volume))
    }

    // MARK: The end

    /// Unmounts it, kills all keepers, and looks whether what each has of it is whole and holds together.
    ///
    /// - Returns: what is wrong.
    package func faults() async throws -> [String] {
        unmount()
        for keeper in keepers { await keeper.kill() }
        return try places.flatMap { try VolumeDatabase.faults(directory: $0, volume: volume) }
    }

    private func unmount() {
        for mounted in mounted.withLock({ $0 }) { mounted.end() }
    }

    private func end() async {
        unmount()
        await desk.shutDown()
        for lender in lenders { await lender.blocks.pool.shutDown() }
        for process in lenders.map(\.process) + keepers { await process.end() }
    }
}
