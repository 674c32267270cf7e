import Foundation
import FrameKit
import Frames
import NIOCore
import Resources
import Synchronization
import Testing
import VolumeKit
import Volumes

@testable import VolumeService

@Suite("Volumes on several nodes", .serialized, .timeLimit(.minutes(3)))
struct VolumeHomesTests {
    /// What an end takes that waits for records to be durable.
    private let patience = Duration.seconds(5)

    /// Has a session make files with a home while the body runs, and gives what it was told.
    private func loading(
        _ volume: VolumeID, on home: ServedHomes, of pool: HomesPool, _ body: () async throws -> Void
    ) async throws -> [LoadingSession] {
        let (made, isOver) = (Countdown(50), Flag())
        let isBegun = Flag()
        let session = LoadingSession(1, as: try pool.peers.node("client"))
        async let loaded = LoadingSession.all([session], of: volume, with: home.node, at: home.plan.port) { session, asker in
            try await session.begin(asker)
            await session.work(asker, isOver: { isOver.isSet }) { if made.isOver() { isBegun.set() } }
        }
        try await until { isBegun.isSet }
        try await body()
        isOver.set()
        return try await loaded
    }

    private func check(_ sessions: [LoadingSession], of volume: VolumeID, on home: ServedHomes) async throws {
        _ = try await LoadingSession.all(sessions, of: volume, with: home.node, at: home.plan.port) { session, asker in
            try await session.resume(asker)
            let made = try await asker.names(in: session.directory)
            #expect(made == LoadingSession.history(made.count) && UInt64(made.count) >= session.durable)
        }
    }

    private func hasFailed(_ served: ServedHomes) -> Bool {
        served.news.contains { if case .failed = $0 { true } else { false } }
    }

    @Test("a new backup is given a copy of the state under load, catches up, and can take over")
    func newBackup() async throws {
        try await HomesPool.serving(2) { pool in
            let (home, backup) = (try await pool.start(0), try await pool.start(1))
            let volume = try await pool.makeVolume(on: home)
            let told = try await loading(volume, on: home, of: pool) {
                try await home.homes.change(backups: [backup.node], of: volume)
                #expect(home.news.contains(.copied(to: backup.node)))
                let status = try home.homes.status(of: volume)
                #expect(status.summary.backups == [backup.node] && status.backups.map(\.node) == [backup.node])
                try await until { backup.summary(of: volume)?.home == home.node }
                #expect(backup.summary(of: volume)?.role == .backup)
                await pool.end(0)
            }
            try await backup.homes.takeOver(volume)
            try await check(told, of: volume, on: backup)
            #expect(!hasFailed(home) && !hasFailed(backup))
        }
    }

    @Test("backups are changed for others, and those that are left out are not waited for")
    func change() async throws {
        try await HomesPool.serving(3) { pool in
            let (home, first, second) = (try await pool.start(0), try await pool.start(1), try await pool.start(2))
            let volume = try await pool.makeVolume(on: home, backups: [first])
            let told = try await loading(volume, on: home, of: pool) {
                try await home.homes.change(backups: [second.node], of: volume)
                #expect(try home.homes.status(of: volume).backups.map(\.node) == [second.node])
                await pool.end(1)
                // Something becomes durable without it.
                let before = home.homes.volume(volume)?.replica?.durable ?? 0
                try await until { home.homes.volume(volume)?.replica.map { $0.durable > before } ?? false }
                await pool.end(0)
            }
            try await second.homes.takeOver(volume)
            try await check(told, of: volume, on: second)
        }
    }

    // MARK: The end

    @Test("nodes that are ended under load do so at once, and go on later with all that there was")
    func stop() async throws {
        try await HomesPool.serving(2) { pool in
            let (home, backup) = (try await pool.start(0), try await pool.start(1))
            let volume = try await pool.makeVolume(on: home, backups: [backup])
            let told = try await loading(volume, on: home, of: pool) {
                let time = ContinuousClock().measure { home.homes.stop() }
                #expect(time < patience && !hasFailed(home))
            }
            await pool.end(0)
            #expect(!hasFailed(home))
            let again = try await pool.start(0)
            try await until { again.summary(of: volume)?.isHome ?? false }
            try await check(told, of: volume, on: again)
        }
    }

    @Test("a home whose backup is away ends at once too")
    func stopAlone() async throws {
        try await HomesPool.serving(2) { pool in
            let (home, backup) = (try await pool.start(0), try await pool.start(1))
            let volume = try await pool.makeVolume(on: home, backups: [backup])
            let told = try await loading(volume, on: home, of: pool) {
                await pool.end(1)
                // Records wait that cannot become durable.
                try await until { home.homes.volume(volume)?.replica.map { $0.durable < $0.log.end.index } ?? false }
                let time = ContinuousClock().measure { home.homes.stop() }
                #expect(time < patience && !hasFailed(home))
            }
            await pool.end(0)
            #expect(!hasFailed(home))
            let again = try await pool.start(0)
            try await pool.start(1)
            try await until { again.summary(of: volume)?.isHome ?? false }
            try await check(told, of: volume, on: again)
        }
    }

    @Test("nothing of a home stays in memory when it has ended")
    func memory() async throws {
        try await HomesPool.serving(1) { pool in
            let home = try await pool.start(0)
            let volume = try await pool.makeVolume(on: home)
            weak let running = home.homes.volume(volume)?.home
            weak let upkeep = running?.upkeep
            weak let server = running?.server
            #expect(running != nil && upkeep != nil && server != nil)
            home.homes.stop()
            while running != nil || upkeep != nil || server != nil { try await Task.sleep(for: .milliseconds(10)) }
        }
    }

    // MARK: Deleting

    private func isThere(_ volume: VolumeID, _ plan: HomesPlan) -> Bool {
        FileManager.default.fileExists(atPath: plan.directory + "/\(volume)")
    }

    @Test("a volume is deleted on its home and its backups, unless somebody uses it")
    func delete() async throws {
        try await HomesPool.serving(2) { pool in
            let (home, backup) = (try await pool.start(0), try await pool.start(1))
            let volume = try await pool.makeVolume(on: home, backups: [backup])
            let client = try pool.peers.node("client")
            let link = FramePool(to: home.node, host: "127.0.0.1", port: home.plan.port, as: client, .single)
            let asker = HomeAsker(pool: link, node: client.node, session: SessionID(high: 1, low: 1), volume: volume)
            _ = try await asker.ask(.begin(node: client.node))
            await #expect(throws: VolumeRefusal.inUse(volume, [client.node])) { try await home.homes.delete(volume) }
            #expect(isThere(volume, home.plan) && isThere(volume, backup.plan))
            _ = try await asker.ask(.end)
            await link.shutDown()
            try await home.homes.delete(volume)
            #expect(home.homes.list() == [] && backup.homes.list() == [])
            #expect(!isThere(volume, home.plan) && !isThere(volume, backup.plan))
            #expect(!hasFailed(home) && !hasFailed(backup))
        }
    }

    @Test("a home that missed a takeover deletes a volume for the one after it, and for nobody else")
    func deleteMissed() async throws {
        try await HomesPool.serving(2) { pool in
            let (home, backup) = (try await pool.start(0), try await pool.start(1))
            let volume = try await pool.makeVolume(on: home, backups: [backup])
            await pool.end(0)
            await pool.end(1)
            let old = try await pool.start(0)
            let summary = try #require(old.summary(of: volume))
            #expect(summary.role == .starting)
            try await tell(old, volume, epoch: summary.epoch, as: pool.members[1], isHeeded: false)
            try await tell(old, volume, epoch: summary.epoch + 7, as: try pool.peers.node("stranger"), isHeeded: false)
            #expect(isThere(volume, old.plan))
            try await tell(old, volume, epoch: summary.epoch + 1, as: pool.members[1], isHeeded: true)
            #expect(!isThere(volume, old.plan) && old.homes.list() == [])
        }
    }

    @Test("a node deletes a volume for the home of an epoch that it has promised, though it has no record of it yet")
    func deletePromised() async throws {
        try await HomesPool.serving(2) { pool in
            let (home, backup) = (try await pool.start(0), try await pool.start(1))
            let volume = try await pool.makeVolume(on: home, backups: [backup])
            await pool.end(0)
            await pool.end(1)
            let old = try await pool.start(0)
            let epoch = try #require(old.summary(of: volume)).epoch + 1
            let link = FramePool(
                to: old.node, host: "127.0.0.1", port: old.plan.port, as: pool.members[1], .single)
            let promise = JournalEnvelope(.promise(epoch: epoch), of: volume)
            _ = try await link.call(
                FrameMessage(code: promise.message.code, body: ByteBuffer(bytes: promise.encoded)), within: .seconds(60))
            await link.shutDown()
            #expect(old.summary(of: volume)?.epoch == epoch)
            try await tell(old, volume, epoch: epoch, as: try pool.peers.node("stranger"), isHeeded: false)
            try await tell(old, volume, epoch: epoch, as: pool.members[1], isHeeded: true)
            #expect(!isThere(volume, old.plan))
        }
    }

    private func tell(
        _ served: ServedHomes, _ volume: VolumeID, epoch: UInt64, as sender: FramePeer, isHeeded: Bool
    ) async throws {
        let link = FramePool(to: served.node, host: "127.0.0.1", port: served.plan.port, as: sender, .single)
        let message = FrameMessage(
            code: VolumeDeletion.code, body: ByteBuffer(bytes: VolumeDeletion(of: volume, epoch: epoch).encoded))
        var isRefused = false
        do { _ = try await link.call(message, within: .seconds(60)) } catch FrameError.refused(let refusal) {
            isRefused = refusal.kind == .notPermitted
        }
        await link.shutDown()
        #expect(isRefused == !isHeeded)
    }
}

/// Something has come to be so.
final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
