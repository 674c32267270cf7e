import Foundation
import FrameKit
import Frames
import Glibc
import Resources
import Testing
import VolumeKit
import VolumeService
import VolumeStore
import Volumes

@Suite("A volume's home on its files", .timeLimit(.minutes(2)))
struct HomeServiceTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/volume" }
    private let session = SessionID(high: 1, low: 1)

    init() throws { directory = try TemporaryDirectory() }

    @Test("each start has an epoch of its own, and what was carried out is there after a clean stop")
    func restart() async throws {
        try ServedHome.create(path)
        let peers = try FramePeers()
        let client = try peers.node("client")
        let first = try await ServedHome.serving(path, of: peers) { home in
            try await home.asking(as: client, session: session) { asker in
                let began = try #require(try await asker.ask(.begin(node: client.node)).identity)
                #expect(began.term == .minutes(10))
                #expect(try await asker.make("a", number: 1).record?.epoch == began.epoch)
                return began.epoch
            }
        }
        try await ServedHome.serving(path, of: peers) { home in
            #expect(home.service.epoch == first + 1)
            try await home.asking(as: client, session: session) { asker in
                #expect(try await asker.names() == [], "the session is not on this connection")
                #expect(try await asker.ask(.ping) == .elsewhere)
                let resumed = try await asker.ask(.resume(node: client.node))
                #expect(resumed.identity?.epoch == first + 1)
                guard case .began(_, isRecovering: true) = resumed else { return #expect(Bool(false), "\(resumed)") }
                #expect(try await asker.ask(.reclaimed) == .recovered([]))
                #expect(try await asker.names() == ["a"])
                guard case .repeated = try await asker.make("a", number: 1) else { return #expect(Bool(false)) }
            }
        }
        #expect(try VolumeDatabase.faults(directory: path, volume: ServedHome.volume) == [])
    }

    @Test("a home is on its files alone")
    func alone() async throws {
        try ServedHome.create(path)
        try await ServedHome.serving(path) { _ in
            #expect(throws: VolumeStoreError.locked(directory: path)) {
                _ = try HomeService(
                    directory: path, volume: ServedHome.volume, rule: { _, _, _ in nil }, clock: { .ofSystem })
            }
        }
    }

    @Test("who asks for durability at the end is answered before the home stops, and what comes then is refused with the reason")
    func stop() async throws {
        try ServedHome.create(path)
        try await ServedHome.serving(path) { home in
            let client = try home.served.peers.node("client")
            try await home.asking(as: client, session: session) { asker in
                _ = try await asker.ask(.begin(node: client.node))
                let record = try #require(try await asker.make("a", number: 1).record)
                async let durable = asker.ask(.synchronize(record: record.index))
                #expect(try await durable == .done)
                home.service.stop()
                let refusal = await refusal { try await asker.make("b", number: 2) }
                #expect(refusal?.kind == .busy && refusal?.text.contains("is being stopped") == true, "\(refusal as Any)")
            }
        }
    }

    @Test("nobody takes the session of another node, or anything on its connection")
    func strangers() async throws {
        try ServedHome.create(path)
        try await ServedHome.serving(path) { home in
            let (client, stranger) = (try home.served.peers.node("client"), try home.served.peers.node("stranger"))
            try await home.asking(as: client, session: session) { asker in
                _ = try await asker.ask(.begin(node: client.node))
                try await home.asking(as: stranger, session: session) { other in
                    for request in [HomeRequest.begin(node: stranger.node), .resume(node: stranger.node)] {
                        let answer = try await other.ask(request)
                        #expect(answer == .refused(.notPermitted))
                    }
                    #expect(try await other.ask(.end) == .elsewhere)
                    await #expect(throws: FrameError.self) { try await other.ask(.resume(node: client.node)) }
                }
                #expect(try await asker.ask(.ping) == .done)
            }
        }
    }

    @Test("a session that goes on over another connection is not answered on the one before")
    func moving() async throws {
        try ServedHome.create(path)
        try await ServedHome.serving(path) { home in
            let client = try home.served.peers.node("client")
            try await home.asking(as: client, session: session) { asker in
                _ = try await asker.ask(.begin(node: client.node))
                try await home.asking(as: client, session: session) { later in
                    guard case .began(_, isRecovering: false) = try await later.ask(.resume(node: client.node)) else {
                        return #expect(Bool(false))
                    }
                    #expect(try await later.ask(.ping) == .done)
                    // The connection was cut; another one begins where nothing was resumed.
                    while true {
                        do {
                            let answer = try await asker.ask(.ping)
                            #expect(answer == .elsewhere)
                            break
                        } catch FrameError.lost { continue }
                    }
                    #expect(try await later.ask(.ping) == .done)
                }
            }
        }
    }

    private func refusal(_ body: () async throws -> HomeAnswer) async -> FrameRefusal? {
        do {
            let answer = try await body()
            Issue.record("it was answered: \(answer)")
            return nil
        } catch FrameError.refused(let refusal) { return refusal } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test(
        "when the disk is full the home ends and says why, nothing wrong is answered, and what was durable is there afterwards",
        .enabled(if: geteuid() == 0, "needs root, for a file system of its own"))
    func full() async throws {
        let small = directory.path + "/small"
        try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
        try #require(mount("tmpfs", small, "tmpfs", 0, "size=2m") == 0)
        defer { umount2(small, Int32(MNT_DETACH)) }
        try ServedHome.create(small + "/volume")
        let peers = try FramePeers()
        let client = try peers.node("client")
        let durable = try await ServedHome.serving(small + "/volume", of: peers) { home in
            try await home.asking(as: client, session: session) { asker in
                _ = try await asker.ask(.begin(node: client.node))
                let (durable, refusal) = try await fill(asker)
                #expect(refusal.kind == .failed && refusal.text.contains("no space left"), "\(refusal)")
                // Whichever was to become longer first.
                let files = ["journal", "state"].map { VolumeStoreError.full(file: small + "/volume/\($0).sqlite") }
                #expect(files.contains { $0 == home.service.failure }, "\(String(describing: home.service.failure))")
                for await error in home.ended.prefix(1) { #expect(error == home.service.failure) }
                #expect(await self.refusal { try await asker.ask(.space) } == refusal, "it goes on to say so")
                return durable
            }
        }
        #expect(durable > 0)
        // With room again it begins again, and has all that it said it has.
        try #require(mount("tmpfs", small, "tmpfs", UInt(MS_REMOUNT), "size=64m") == 0)
        try await ServedHome.serving(small + "/volume", of: peers) { home in
            try await home.asking(as: client, session: session) { asker in
                _ = try await asker.ask(.resume(node: client.node))
                _ = try await asker.ask(.reclaimed)
                let names = try await asker.names()
                #expect(names.starts(with: (1...durable).map(Self.name)))
            }
        }
    }

    private static func name(_ number: UInt64) -> String { "\(1_000_000 + number)" + String(repeating: "n", count: 200) }

    /// Makes files until the home fails.
    ///
    /// - Returns: how many are durable, and how it failed.
    private func fill(_ asker: HomeAsker) async throws -> (UInt64, FrameRefusal) {
        var (number, durable): (UInt64, UInt64) = (0, 0)
        do {
            while number < 100_000 {
                number += 1
                guard let record = try await asker.make(Self.name(number), number: number).record else {
                    throw POSIXError(.EPROTO)
                }
                if number % 16 == 0 {
                    #expect(try await asker.ask(.synchronize(record: record.index)) == .done)
                    durable = number
                }
            }
        } catch FrameError.refused(let refusal) { return (durable, refusal) }
        throw POSIXError(.ETIMEDOUT)
    }
}
