import BlockClient
import Foundation
import FrameKit
import Frames
import Resources
import Testing
import VolumeClient
import VolumeKit
import Volumes

@Suite("Stores that fail", .serialized, .timeLimit(.minutes(3)))
struct StoreFaultTests {
    private static func content(_ number: Int, _ count: Int) -> [UInt8] {
        var random = SeededGenerator(seed: UInt64(number))
        return (0..<count / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }

    private static let piece = 256 << 10

    /// Writes a file and makes it durable.
    private static func write(_ number: Int, in directory: String, pieces: Int = 4) throws {
        let file = try OpenFile(directory + "/f\(number)", O_CREAT | O_WRONLY)
        for piece in 0..<pieces {
            let bytes = content(number * 1000 + piece, Self.piece)
            try sys { pwrite(file.descriptor, bytes, bytes.count, off_t(piece * Self.piece)) }
        }
        try file.synchronize()
    }

    /// Reads it, and expects it to be what was written.
    private static func expect(_ number: Int, in directory: String, pieces: Int = 4) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: directory + "/f\(number)"))
        let isRight = Array(data) == (0..<pieces).flatMap { content(number * 1000 + $0, piece) }
        #expect(isRight, "file \(number)")
    }

    // MARK: Room

    @Test("When the stores are full a program is told so when it writes, never when it makes durable what was taken")
    func full() async throws {
        var options = ServedVolume.Options()
        (options.stores, options.storeSize) = (3, .mebibytes(48))
        try await ServedVolume.serving(options) { served in
            let path = try served.mount().path
            let written = try await onThread {
                let file = try OpenFile(path + "/f", O_CREAT | O_WRONLY)
                var written = 0
                let failure = #expect(throws: Fault.self) {
                    while written < 400 {
                        let bytes = Self.content(written, Self.piece)
                        try sys { pwrite(file.descriptor, bytes, bytes.count, off_t(written * Self.piece)) }
                        written += 1
                    }
                }
                #expect(failure == Fault(ENOSPC))
                try file.synchronize()
                return written
            }
            #expect(written > 60 * 4 / 2, "most of the room is used: \(written)")
            let other = try served.mount().path
            try await onThread {
                let data = try Data(contentsOf: URL(fileURLWithPath: other + "/f"))
                #expect(Array(data) == (0..<written).flatMap { Self.content($0, Self.piece) })
            }
        }
    }

    @Test("What stores have granted and do not have is kept, and stored when they have it; who asks meanwhile is told")
    func brokenPromise() async throws {
        var link = HomeLink.Options()
        link.patience = .seconds(1)
        try await ServedVolume.serving { served in
            let path = try served.mount(link: link).path
            let open = try await onThread {
                let open = try OpenFile(path + "/f", O_CREAT | O_WRONLY)
                try open.write("not yet")
                return open
            }
            served.resize(stores: .zero)
            for _ in 0..<2 {
                let failure = await #expect(throws: Fault.self) { try await onThread { try open.synchronize() } }
                #expect(failure == Fault(ENOSPC))
            }
            served.resize(stores: .mebibytes(512))
            while (try? await onThread { try open.synchronize() }) == nil { await Task.yield() }
            let again = try served.mount().path
            #expect(try await onThread { try text(again + "/f") } == "not yet")
        }
    }

    @Test("A mount that has written a byte leaves the room to others, also in a small volume, and counts it as free")
    func sharing() async throws {
        var options = ServedVolume.Options()
        options.capacity = 64 << 20
        try await ServedVolume.serving(options) { served in
            let mounts = try (0..<4).map { _ in try served.mount().path }
            try await onThread {
                for mount in mounts { try OpenFile(mount + "/f", O_CREAT | O_WRONLY).write("x") }
                var space = statvfs()
                try sys { statvfs(mounts[0], &space) }
                #expect(UInt64(space.f_bfree) * UInt64(space.f_frsize) > 60 << 20)
                try Self.write(1, in: mounts[3], pieces: 4 * 58)
            }
        }
    }

    @Test("A store that says that it has room and has none costs nothing but the asking")
    func lying() async throws {
        var options = ServedVolume.Options()
        options.firstStoreSize = .kibibytes(512)
        try await ServedVolume.serving(options) { served in
            let path = try served.mount().path
            try await onThread { for number in 0..<10 { try Self.write(number, in: path) } }
            let other = try served.mount().path
            try await onThread { for number in 0..<10 { try Self.expect(number, in: other) } }
        }
    }

    @Test(
        "Room that was granted is given back once nothing is written any more, and when the mount ends", arguments: [true, false])
    func givingBack(isIdle: Bool) async throws {
        var pool = BlockPool.Options()
        pool.rest = isIdle ? .milliseconds(100) : .hours(1)
        try await ServedVolume.serving { served in
            let mounted = try served.mount(pool: pool)
            let path = mounted.path
            try await onThread { try Self.write(1, in: path) }
            if !isIdle {
                #expect(served.granted > .zero)
                try await onThread { mounted.end() }
            }
            while served.granted > .zero { await Task.yield() }
            let home = try #require(served.home as? MemoryHome)
            while home.reserved > 0 { await Task.yield() }
            if isIdle { try await onThread { try Self.write(2, in: path) } }
        }
    }

    @Test("What took so long to be stored that its blocks were taken for waste is stored again")
    func late() async throws {
        try await ServedVolume.serving(home: LosingHome.maker()) { served in
            let path = try served.mount().path
            try await onThread { try Self.write(1, in: path) }
            let home = try #require(served.home as? LosingHome)
            home.advance(by: 3)
            try await home.restart()
            try await onThread { try Self.write(2, in: path) }
            let again = try served.mount().path
            try await onThread { for number in 1...2 { try Self.expect(number, in: again) } }
        }
    }

    @Test("A mount learns from its home which stores there are, when they change")
    func learned() async throws {
        try await ServedVolume.serving { served in
            let path = try served.mount(on: []).path
            let home = try #require(served.home as? MemoryHome)
            let failure = await #expect(throws: Fault.self) { try await onThread { try Self.write(1, in: path) } }
            #expect(failure == Fault(EIO))
            home.meet(served.places)
            while (try? await onThread { try Self.write(2, in: path) }) == nil { await Task.yield() }
            let again = try served.mount().path
            try await onThread { try Self.expect(2, in: again) }
        }
    }

    /// Stores that can be cut off.
    private func withCables(_ body: (ServedVolume, [Cable], [MountPlan.Server]) async throws -> Void) async throws {
        try await ServedVolume.serving { served in
            let cables = try served.places.map { try Cable(to: Int($0.port)) }
            let servers = zip(served.places, cables).map { MountPlan.Server(node: $0.node, port: $1.port) }
            defer { for cable in cables { cable.end() } }
            try await body(served, cables, servers)
        }
    }

    @Test("A store that was away for a moment grants room again as soon as the others are not enough")
    func returned() async throws {
        try await withCables { served, cables, servers in
            var pool = BlockPool.Options()
            // One that has no room would be left alone for longer than the test may take.
            (pool.portion, pool.shunning) = (1, .hours(1))
            let path = try served.mount(on: servers, pool: pool).path
            cables[0].cut()
            try await onThread { for number in 0..<4 { try Self.write(number, in: path) } }
            cables[0].mend()
            cables[1].cut()
            while (try? await onThread { try Self.write(4, in: path) }) == nil { await Task.yield() }
        }
    }

    @Test("What was written is kept while no store can be reached, and stored when they are back")
    func allAway() async throws {
        try await withCables { served, cables, servers in
            var link = HomeLink.Options()
            link.patience = .seconds(1)
            let path = try served.mount(link: link, on: servers).path
            let open = try await onThread {
                try Self.write(0, in: path)
                let open = try OpenFile(path + "/open", O_CREAT | O_WRONLY)
                try open.write("not yet")
                return open
            }
            for cable in cables { cable.cut() }
            let failure = await #expect(throws: Fault.self) { try await onThread { try open.synchronize() } }
            #expect(failure == Fault(EIO))
            for cable in cables { cable.mend() }
            while (try? await onThread { try open.synchronize() }) == nil { await Task.yield() }
            let again = try served.mount().path
            #expect(try await onThread { try text(again + "/open") } == "not yet")
        }
    }

    @Test("Who reads or writes while stores cannot be reached waits until they can")
    func waiting() async throws {
        try await withCables { served, cables, servers in
            let first = try served.mount().path
            try await onThread { try Self.write(0, in: first) }
            let path = try served.mount(on: servers).path
            for cable in cables { cable.cut() }
            async let reading: Void = onThread { try Self.expect(0, in: path) }
            async let writing: Void = onThread { try Self.write(1, in: path) }
            while cables.reduce(0, { $0 + $1.refused }) < 8 { await Task.yield() }
            for cable in cables { cable.mend() }
            _ = try await (reading, writing)
            try await onThread { try Self.expect(1, in: first) }
        }
    }

    // MARK: Damage

    @Test("A damaged copy is told of, and what it was to have is read from another one")
    func damage() async throws {
        try await ServedVolume.serving { served in
            let path = try served.mount().path
            try await onThread { for number in 0..<4 { try Self.write(number, in: path) } }
            let file = "/segment-0000000001.blocks"
            let place = try #require(
                (0..<3).map(served.place(ofStore:)).first { FileManager.default.fileExists(atPath: $0.directory + file) })
            try await onThread {
                let segment = try #require(FileHandle(forUpdatingAtPath: place.directory + file))
                let size = try segment.seekToEnd()
                for offset in stride(from: UInt64(5000), to: size, by: 60_000) {
                    try segment.seek(toOffset: offset)
                    try segment.write(contentsOf: [1, 2, 3, 4])
                }
                try segment.close()
            }
            // Reading goes to the copies in turn.
            for _ in 0..<3 {
                let reader = try served.mount()
                let there = reader.path
                try await onThread { for number in 0..<4 { try Self.expect(number, in: there) } }
                let damage = reader.damage
                #expect(damage.allSatisfy { $0.node == place.node })
                if !damage.isEmpty { return }
            }
            Issue.record("nothing was told of the damage")
        }
    }

    // MARK: Lenders in processes of their own

    /// Three lenders, and a mount that uses them.
    private func withLenders(
        _ body: (Lenders) async throws -> Void
    ) async throws {
        try await ServedVolume.serving { served in
            let client = try served.peers.node("client")
            var lenders: [(plan: StoreProcess, process: OtherProcess)] = []
            for number in 0..<3 {
                let plan = StoreProcess(
                    ServedVolume.volume, in: served.directory + "/lender\(number)",
                    as: StoredPeer(try served.peers.node("lender\(number)")), size: .mebibytes(256), borrower: served.home.node,
                    users: [client.node])
                lenders.append((plan, try await plan.start()))
            }
            let servers = lenders.map { MountPlan.Server(node: $0.plan.node, port: $0.process.port) }
            let scene = Lenders(
                served: served, all: lenders, servers: servers, client: client,
                mount: try served.mount(as: client, on: servers).path)
            let result = await Result { () async throws in try await body(scene) }
            for lender in lenders { await lender.process.end() }
            try result.get()
        }
    }

    private struct Lenders {
        let served: ServedVolume
        let all: [(plan: StoreProcess, process: OtherProcess)]
        let servers: [MountPlan.Server]
        let client: FramePeer
        let mount: String

        /// Another mount, which has nothing in memory.
        func mountAgain() throws -> String { try served.mount(as: client, on: servers).path }
    }

    @Test("While a lender takes its room back writing goes on elsewhere, and what it has is read until it is moved")
    func draining() async throws {
        try await withLenders { scene in
            let (mount, first) = (scene.mount, scene.all[0])
            let pool = FramePool(
                to: first.plan.node, host: "127.0.0.1", port: first.process.port, as: scene.client, .patient)
            let peer = BlockPeer(pool)
            // A lender that has nothing is done at once, and which lenders get a block is left to chance.
            var (written, isEmpty) = (0, true)
            while written < 12 || isEmpty {
                let number = written
                try await onThread { try Self.write(number, in: mount) }
                written += 1
                isEmpty = try await peer.answer(to: .list(ServedVolume.volume)).blocks.isEmpty
            }
            first.plan.drain()
            while try await !peer.answer(to: .usage(ServedVolume.volume)).isLeaving { await Task.yield() }
            let (before, next) = (try await peer.answer(to: .list(ServedVolume.volume)).blocks, written)
            try await onThread { for number in next..<next + 8 { try Self.write(number, in: mount) } }
            let after = try await peer.answer(to: .list(ServedVolume.volume)).blocks
            #expect(after == before)
            #expect(!before.isEmpty)
            await pool.shutDown()
            let again = try scene.mountAgain()
            try await onThread { for number in 0..<next + 8 { try Self.expect(number, in: again) } }
        }
    }

    @Test("A lender that ends in the middle of a write costs no write, and nothing that was durable")
    func killed() async throws {
        try await withLenders { scene in
            let mount = scene.mount
            let begun = AsyncStream<Void>.makeStream()
            async let writing: Void = onThread {
                for number in 0..<20 {
                    try Self.write(number, in: mount)
                    begun.continuation.yield()
                }
            }
            for await _ in begun.stream { break }
            scene.all[1].process.kill()
            try await writing
            let again = try scene.mountAgain()
            try await onThread { for number in 0..<20 { try Self.expect(number, in: again) } }
        }
    }
}
