import FrameKit
import Frames
import Resources
import Synchronization
import Testing
import VolumeKit
import VolumeService
import Volumes

@Suite("A backup takes over from a home in a process of its own", .serialized, .timeLimit(.minutes(3)))
struct TakeoverTests {
    /// A volume whose home is the first node, in a process of its own, and the second node its backup.
    private func withVolume(
        _ body: (HomesPool, OtherProcess, ServedHomes, VolumeID, [LoadingSession]) async throws -> Void
    ) async throws {
        try await HomesPool.serving(2) { pool in
            let backup = try await pool.start(1)
            let volume = try await pool.makeVolume(on: try await pool.start(0), backups: [backup])
            await pool.end(0)
            let home = try await pool.plans[0].start()
            let sessions = try (1...3).map { LoadingSession($0, as: try pool.peers.node("client\($0)")) }
            let result = await Result { () async throws in try await body(pool, home, backup, volume, sessions) }
            await home.end()
            try result.get()
        }
    }

    /// Once the home answers.
    private func begin(_ session: inout LoadingSession, _ asker: HomeAsker) async throws {
        while true {
            do { return try await session.begin(asker) } catch FrameError.refused(let refusal) where refusal.kind == .busy {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    /// Has sessions go on with a node that has taken over, and looks whether all that they were told is there.
    @discardableResult
    private func check(
        _ sessions: [LoadingSession], of volume: VolumeID, on home: ServedHomes
    ) async throws -> [LoadingSession] {
        try await LoadingSession.all(sessions, of: volume, with: home.node, at: home.plan.port) { session, asker in
            let durable = session.durable
            try await session.resume(asker)
            let made = try await asker.names(in: session.directory)
            #expect(UInt64(made.count) >= session.durable && session.durable >= durable && durable > 0)
            #expect(made == LoadingSession.history(made.count), "what is there is the history up to some record")
        }
    }

    @Test("when the home is killed nothing is lost that was acknowledged, and the new one goes on without it")
    func killed() async throws {
        try await withVolume { pool, home, backup, volume, sessions in
            let countdown = Countdown(300)
            var told = try await LoadingSession.all(sessions, of: volume, with: pool.node(0), at: home.port) { session, asker in
                try await begin(&session, asker)
                await session.work(asker, isOver: { false }) { if countdown.isOver() { home.kill() } }
            }
            try await backup.homes.takeOver(volume)
            #expect(backup.summary(of: volume)?.backups == [])
            told = try await check(told, of: volume, on: backup)

            // The old one is told where the home is, has no say, and can be taken in again.
            let old = try await pool.start(0)
            try await until { old.summary(of: volume)?.home == backup.node }
            #expect(old.summary(of: volume)?.role == .backup)
            #expect(backup.summary(of: volume)?.isReady == true)
            try await backup.homes.change(backups: [old.node], of: volume)
            await pool.end(1)
            try await old.homes.takeOver(volume)
            try await check(told, of: volume, on: old)
        }
    }

    @Test("a home that is held up while another takes over acknowledges nothing more, and ends")
    func heldUp() async throws {
        try await withVolume { pool, home, backup, volume, sessions in
            let (countdown, paused, moved) = (Countdown(300), Flag(), Flag())
            async let loading = LoadingSession.all(sessions, of: volume, with: pool.node(0), at: home.port) { session, asker in
                try await begin(&session, asker)
                await session.work(asker, isOver: { moved.isSet }) {
                    guard countdown.isOver() else { return }
                    home.pause()
                    paused.set()
                }
            }
            try await until { paused.isSet }
            try await backup.homes.takeOver(volume)
            let epoch = backup.summary(of: volume)?.epoch
            moved.set()
            home.resume()
            try await check(try await loading, of: volume, on: backup)

            // It hears where the home is.
            let client = try pool.peers.node()
            let link = FramePool(to: pool.node(0), host: "127.0.0.1", port: home.port, as: client, .single)
            let asker = HomeAsker(pool: link, node: client.node, session: SessionID(high: 1, low: 1), volume: volume)
            try await until {
                do { _ = try await asker.ask(.ping) } catch FrameError.refused(let refusal) {
                    return refusal.text.contains("has its home on \(backup.node)")
                }
                return false
            }
            await link.shutDown()
            #expect(backup.summary(of: volume)?.epoch == epoch)
            #expect(backup.summary(of: volume)?.isReady == true)
            #expect(!backup.news.contains { if case .failed = $0 { true } else { false } })
        }
    }
}
