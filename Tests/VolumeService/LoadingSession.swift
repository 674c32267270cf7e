import Foundation
import FrameKit
import Frames
import Resources
import Synchronization
import Testing
import Volumes

/// A session that makes files, and what it was told of them.
struct LoadingSession: Sendable {
    let session: SessionID
    let client: FramePeer
    /// In which it makes files, so that nobody waits for a lease of another.
    private(set) var directory = InodeNumber.root
    /// Of the file that comes next; they are made in their order.
    private var next: UInt64 = 1
    /// Carried out, and not said to be durable yet.
    private var kept: [Record] = []
    /// So many files were said to be durable.
    private(set) var durable: UInt64 = 0

    init(_ number: UInt64, as client: FramePeer) { (session, self.client) = (SessionID(high: 0, low: number), client) }

    private static func name(_ number: UInt64) -> String { "\(10_000_000 + number)" }

    /// What is there must be this, and nothing else.
    static func history(_ count: Int) -> [String] { (0..<count).map { name(UInt64($0) + 1) } }

    /// The session begins.
    mutating func begin(_ asker: HomeAsker) async throws {
        _ = try #require(try await asker.ask(.begin(node: asker.node)).identity)
        let made = try await asker.make("s\(session.low)", .directory, slot: 1, number: 1)
        guard case .changed(.inode(let inode), let record, _, _) = made else { throw POSIXError(.EPROTO) }
        (directory, kept) = (inode.number, [record])
        _ = try await asker.ask(.giveBack([LeaseReturn(.root, stamp: .max)]))
    }

    /// The session goes on with a home that has begun since; all that it was told is there then, and durable.
    mutating func resume(_ asker: HomeAsker) async throws {
        guard case .began(_, isRecovering: true) = try await asker.ask(.resume(node: asker.node)) else {
            throw POSIXError(.ESTALE)
        }
        #expect(try await asker.ask(.replay(kept)) == .done)
        guard case .recovered(let outcomes) = try await asker.ask(.reclaimed) else { throw POSIXError(.EPROTO) }
        #expect(outcomes.count == kept.count && outcomes.allSatisfy { $0.record != nil })
        let last = outcomes.compactMap(\.record).max() ?? 0
        #expect(try await asker.ask(.synchronize(record: last)) == .done)
        (durable, kept) = (next - 1, [])
    }

    /// Makes files until the home is gone. What was asked last and not answered is asked again by the same number, by whoever comes next.
    ///
    /// - Parameter isOver: whether a home that answers that it is none, or has found out by itself that it is none any more, is gone;
    ///   otherwise one that is none is asked again.
    mutating func work(_ asker: HomeAsker, isOver: @Sendable () -> Bool = { true }, made: @Sendable () -> Void) async {
        while true {
            do {
                try await makeNext(asker)
                made()
            } catch FrameError.lost {
                return
            } catch FrameError.unreachable {
                return
            } catch FrameError.refused(let refusal) where refusal.kind == .failed && isOver() {
                return
            } catch FrameError.refused(let refusal) where refusal.kind == .busy {
                if isOver() { return }
                try? await Task.sleep(for: .milliseconds(10))
            } catch {
                Issue.record("\(error)")
                return
            }
        }
    }

    private mutating func makeNext(_ asker: HomeAsker) async throws {
        switch try await asker.make(Self.name(next), in: directory, number: next) {
        case .changed(_, let record, _, _): kept.append(record)
        case .repeated: break
        case let other: throw UnexpectedAnswer(answer: other)
        }
        next += 1
        guard next % 10 == 0, let last = kept.last?.index else { return }
        if try await asker.ask(.synchronize(record: last)) == .done { (durable, kept) = (next - 1, []) }
    }

    private struct UnexpectedAnswer: Error { let answer: HomeAnswer }

    /// Has sessions do something at the same time, each over a connection of its own.
    static func all(
        _ sessions: [Self], of volume: VolumeID = ServedHome.volume, with node: NodeID, at port: Int,
        _ body: @escaping @Sendable (inout Self, HomeAsker) async throws -> Void
    ) async throws -> [Self] {
        try await withThrowingTaskGroup(of: Self.self) { group in
            for session in sessions {
                group.addTask {
                    let pool = FramePool(to: node, host: "127.0.0.1", port: port, as: session.client, .single)
                    let asker = HomeAsker(pool: pool, node: session.client.node, session: session.session, volume: volume)
                    let result = await Result { () async throws in
                        var session = session
                        try await body(&session, asker)
                        return session
                    }
                    await pool.shutDown()
                    return try result.get()
                }
            }
            var done: [Self] = []
            for try await session in group { done.append(session) }
            return done.sorted { $0.session < $1.session }
        }
    }
}

/// Says once that so many things have happened.
final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    func isOver() -> Bool { left.subtract(1, ordering: .relaxed).newValue == 0 }
}
