import Resources
import Testing
import VolumeKit
import Volumes

@testable import VolumeService

@Suite("A backup that is far behind", .serialized, .timeLimit(.minutes(2)))
struct FarBehindTests {
    private func log(_ volume: VolumeID, _ served: ServedHomes) throws -> JournalLog {
        try #require(served.homes.volume(volume)?.replica).log
    }

    private func times(_ news: VolumeNews, on served: ServedHomes) -> Int { served.news.count { $0 == news } }

    /// All files, as a home has them that began after them.
    private func found(_ asker: HomeAsker) async throws -> [String] {
        #expect(try await asker.ask(.resume(node: asker.node)) != .refused(.stale))
        #expect(try await asker.ask(.replay([])) == .done)
        #expect(try await asker.ask(.reclaimed) == .recovered([]))
        return try await asker.names()
    }

    @Test(
        "it takes what it lacks where that is kept, and a copy of the state where it is not, and can take over then",
        arguments: [HomesPlan.kept / 4, HomesPlan.kept * 2])
    func behind(count: UInt64) async throws {
        try await HomesPool.serving(3) { pool in
            let (home, backup, away) = (try await pool.start(0), try await pool.start(1), try await pool.start(2))
            let volume = try await pool.makeVolume(on: home, backups: [backup, away])
            try await until { try away.summary(of: volume) != nil && log(volume, away).end == log(volume, home).end }
            let (end, copies) = (try log(volume, away).end.index, times(.copied(to: away.node), on: home))
            await pool.end(2)
            let client = try pool.peers.node("client")
            let names = (0..<count).map { "\(1000 + $0)" }
            try await home.asking(volume, as: client) { try await $0.make(names) }
            let isKept = count < HomesPlan.kept
            if !isKept { try await until { try log(volume, home).outline.trimmed.index > end } }

            let behind = try await pool.start(2)
            try await until { try log(volume, behind).end == log(volume, home).end }
            try await until {
                (try? home.homes.status(of: volume))?.backups.allSatisfy { $0.behind == 0 && !$0.isCopying } ?? false
            }
            #expect(times(.copied(to: behind.node), on: home) - copies == (isKept ? 0 : 1))
            #expect(behind.summary(of: volume)?.role == .backup)

            await pool.end(0)
            try await behind.homes.takeOver(volume)
            #expect(behind.summary(of: volume)?.backups == [backup.node])
            #expect(try await behind.asking(volume, as: client, found) == names)
            #expect(!home.hasFailed && !backup.hasFailed && !behind.hasFailed)
        }
    }
}
