import Foundation
import FrameKit
import Frames
import Glibc
import Resources
import Synchronization
import Testing
import VolumeKit
import VolumeStore
import Volumes

@Suite("kill -9 of a home's process under load", .serialized, .timeLimit(.minutes(5)))
struct KilledHomeTests {
    /// What one session was told.
    private struct Told: Sendable {
        let session: SessionID
        let client: FramePeer
        /// In which it makes files, so that nobody waits for a lease of another.
        var directory = InodeNumber.root
        /// Of the file that comes next; they are made in their order.
        var next: UInt64 = 1
        /// Carried out, and not said to be durable yet.
        var kept: [Record] = []
        /// So many files were said to be durable.
        var durable: UInt64 = 0

        func name(_ number: UInt64) -> String { "\(10_000_000 + number)" }
    }

    @Test("what was said to be durable is there, sessions resume with all that they were told, and nothing is done twice")
    func kill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/volume"
        try ServedHome.create(path)
        let peers = try FramePeers()
        let home = HomeProcess(ServedHome.volume, in: path, as: StoredPeer(try peers.node("home")))
        var told = try (1...3).map { Told(session: SessionID(high: 0, low: $0), client: try peers.node("client\($0)")) }
        for round in 0..<4 {
            told = try await home.serving { running in
                try await load(told, on: home, running, isFirst: round == 0, for: 150 * (round + 1))
            }
        }
        let database = try VolumeDatabase(directory: path, volume: ServedHome.volume)
        for session in told {
            let made = try database.read { volume in
                volume.state.entries(in: session.directory, after: nil, limit: .max).map(\.name.description)
            }
            #expect(UInt64(made.count) >= session.durable && session.durable > 0)
            #expect(made == (1...UInt64(made.count)).map(session.name), "what is there is the history up to some record")
        }
        database.close()
        #expect(try VolumeDatabase.faults(directory: path, volume: ServedHome.volume) == [])
    }

    /// Sessions make files until the home, which is killed meanwhile, answers no more.
    private func load(
        _ sessions: [Told], on home: HomeProcess, _ running: OtherProcess, isFirst: Bool, for count: Int
    ) async throws -> [Told] {
        let countdown = Countdown(count)
        return try await withThrowingTaskGroup(of: Told.self) { group in
            for session in sessions {
                group.addTask {
                    let pool = FramePool(
                        to: home.peer.node, host: "127.0.0.1", port: running.port, as: session.client, .single)
                    let asker = HomeAsker(pool: pool, node: session.client.node, session: session.session)
                    let result = await Result { () async throws in
                        var told = try await takeUp(session, asker, isFirst: isFirst)
                        await work(&told, asker) {
                            if countdown.isOver() { running.kill() }
                        }
                        return told
                    }
                    await pool.shutDown()
                    return try result.get()
                }
            }
            var told: [Told] = []
            for try await session in group { told.append(session) }
            return told.sorted { $0.session < $1.session }
        }
    }

    private final class Countdown: Sendable {
        private let left: Atomic<Int>

        init(_ count: Int) { left = Atomic(count) }

        func isOver() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }
    }

    private func takeUp(_ session: Told, _ asker: HomeAsker, isFirst: Bool) async throws -> Told {
        var told = session
        guard !isFirst else {
            _ = try #require(try await asker.ask(.begin(node: asker.node)).identity)
            let made = try await asker.make("s\(told.session.low)", .directory, slot: 1, number: 1)
            guard case .changed(.inode(let inode), let record, _) = made else { throw POSIXError(.EPROTO) }
            (told.directory, told.kept) = (inode.number, [record])
            _ = try await asker.ask(.giveBack([LeaseReturn(.root, stamp: .max)]))
            return told
        }
        guard case .began(_, isRecovering: true) = try await asker.ask(.resume(node: asker.node)) else {
            throw POSIXError(.ESTALE)
        }
        #expect(try await asker.ask(.replay(told.kept)) == .done)
        guard case .recovered(let outcomes) = try await asker.ask(.reclaimed) else { throw POSIXError(.EPROTO) }
        #expect(outcomes.count == told.kept.count && outcomes.allSatisfy { $0.record != nil })
        let last = outcomes.compactMap(\.record).max() ?? 0
        #expect(try await asker.ask(.synchronize(record: last)) == .done)
        (told.durable, told.kept) = (told.next - 1, [])
        return told
    }

    /// What was asked last and not answered is asked again by the same number, by whoever comes next.
    private func work(_ told: inout Told, _ asker: HomeAsker, made: @Sendable () -> Void) async {
        do {
            while true {
                switch try await asker.make(told.name(told.next), in: told.directory, number: told.next) {
                case .changed(_, let record, _): told.kept.append(record)
                case .repeated: break
                case let other:
                    Issue.record("\(other)")
                    return
                }
                told.next += 1
                made()
                if told.next % 10 == 0, let last = told.kept.last?.index, try await asker.ask(.synchronize(record: last)) == .done
                {
                    (told.durable, told.kept) = (told.next - 1, [])
                }
            }
        } catch FrameError.lost {} catch FrameError.unreachable {} catch { Issue.record("\(error)") }
    }
}
