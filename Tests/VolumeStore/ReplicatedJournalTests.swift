import Dispatch
import Foundation
import Resources
import Synchronization
import Testing
import Volumes

@testable import VolumeStore

/// The journals of a volume on some nodes, on real files, and a network between them from which nodes can be cut off.
private final class JournalRing: Sendable {
    private struct State {
        var journals: [NodeID: ReplicatedJournal] = [:]
        var events: [NodeID: [ReplicatedJournal.Event]] = [:]
        var cut: Set<NodeID> = []
        /// How many messages with records were sent.
        var batches = 0
    }

    let set = JournalSet(home: node(1), backups: [node(2), node(3)])
    private let directory: TemporaryDirectory
    private let state = Mutex(State())
    private let network = DispatchQueue(label: "network")

    init() throws {
        directory = try TemporaryDirectory()
        for node in set.nodes { try SQLiteJournal.create(path: path(of: node), volume: volumeID, after: 0, epoch: 1) }
    }

    private func path(of node: NodeID) -> String { directory.file("\(node)") }

    func open(_ nodes: [UInt64], linger: DispatchTimeInterval = ReplicatedJournal.linger) throws {
        var header = VolumeHeader(capacity: 1, inodeLimit: 1, at: Beginning.time)
        header.membership = JournalMembership(set)
        for number in nodes {
            let own = node(number)
            let surroundings = ReplicatedJournal.Surroundings(
                clock: { Self.now }, post: { [weak self] in self?.post($0, from: own, to: $1, $2) },
                tell: { [weak self] in self?.note($0, of: own) })
            let journal = try ReplicatedJournal(
                path: path(of: own), volume: volumeID, as: own, under: header, JournalReplica.Options(), surroundings,
                linger: linger)
            state.withLock { ($0.journals[own], $0.events[own]) = (journal, []) }
        }
    }

    private static var now: Moment {
        let time = Int64(DispatchTime.now().uptimeNanoseconds / 1000)
        return Moment(boot: BootID("this"), instant: Instant(microseconds: time), utc: Timestamp(microseconds: time))
    }

    private func post(_ message: JournalMessage, from: NodeID, to: NodeID, _ done: @escaping @Sendable () -> Void) {
        if case .append(_, let batch, _, _) = message, !batch.records.isEmpty { state.withLock { $0.batches += 1 } }
        network.async { [weak self] in
            let target = self?.state.withLock { state in
                state.cut.isDisjoint(with: [from, to]) ? state.journals[to] : nil
            }
            target?.receive(message, from: from)
            done()
        }
    }

    private func note(_ event: ReplicatedJournal.Event, of node: NodeID) {
        if case .appoint(let membership) = event { self[node]?.appoint(membership) }
        state.withLock { $0.events[node]?.append(event) }
    }

    subscript(node: NodeID) -> ReplicatedJournal? { state.withLock { $0.journals[node] } }
    subscript(number: UInt64) -> ReplicatedJournal { get throws { try #require(self[node(number)]) } }

    var batches: Int { state.withLock(\.batches) }

    func cut(_ numbers: UInt64...) { state.withLock { $0.cut = Set(numbers.map { node($0) }) } }

    /// In which epoch a node leads, once it does.
    func lead(_ number: UInt64, isContinuing: Bool = false) async throws -> UInt64 {
        try self[number].takeOver(backups: nil, isContinuing: isContinuing)
        while true {
            for case .lead(let epoch) in state.withLock({ $0.events[node(number)] ?? [] }) { return epoch }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func close() {
        let journals = state.withLock { state in
            defer { state.journals = [:] }
            return Array(state.journals.values)
        }
        for journal in journals { journal.close() }
    }
}

@Suite("Journal of a volume on several nodes", .timeLimit(.minutes(1)))
struct ReplicatedJournalTests {
    private let ring: JournalRing

    init() throws { ring = try JournalRing() }

    private func until(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Appends records to a home's journal.
    ///
    /// - Returns: what they are, and the last of them.
    private func append(_ count: UInt64, _ number: UInt64, epoch: UInt64) throws -> [Record] {
        let journal = try ring[number]
        let start = journal.standing.last
        let records = try (start + 1...start + count).map { try Record.making($0, epoch: epoch) }
        try journal.append(records, by: epoch)
        return records
    }

    /// Opens all journals and has the first node lead.
    ///
    /// - Returns: its journal, all of which is durable, and its epoch.
    private func led(linger: DispatchTimeInterval = ReplicatedJournal.linger) async throws -> (ReplicatedJournal, UInt64) {
        try ring.open([1, 2, 3], linger: linger)
        let epoch = try await ring.lead(1, isContinuing: true)
        let home = try ring[1]
        try await until { home.standing.durable == home.standing.last }
        return (home, epoch)
    }

    @Test("records that nobody waits for go together; they are durable all the same")
    func lingering() async throws {
        let (home, epoch) = try await led(linger: .milliseconds(500))
        let before = ring.batches
        let count: UInt64 = 400
        for _ in 0..<count { _ = try append(1, 1, epoch: epoch) }
        try await until { try home.standing.durable == home.standing.last && ring[3].standing.durable == home.standing.last }
        #expect(ring.batches - before < Int(count) / 2, "two backups would be sent 400 each, one by one")
    }

    @Test("records that somebody waits for do not wait for others, on the disk and on their way")
    func haste() async throws {
        let (home, epoch) = try await led(linger: .seconds(3600))
        let before = ring.batches
        _ = try append(1, 1, epoch: epoch)
        #expect(ring.batches == before)
        home.settle(through: home.standing.last)
        #expect(ring.batches == before + 2)
        try await until { home.standing.durable == home.standing.last }
    }

    @Test("records are durable when the home and one backup have synced them, and not before")
    func durable() async throws {
        let (home, epoch) = try await led()
        ring.cut(2, 3)
        let records = try append(20, 1, epoch: epoch)
        let (last, before) = (home.standing.last, home.standing.durable)
        let isTold = Atomic(false)
        home.whenDurable(last) { result in
            if case .success = result { isTold.store(true, ordering: .releasing) }
        }
        try await until { home.local.standing.durable == last }
        #expect(home.standing.durable == before && home.standing.last == last)
        #expect(try home.records(after: before, limit: 100) == [], "what could be lost is not read")
        ring.cut(3)
        try await until { home.standing.durable == last && isTold.load(ordering: .acquiring) }
        #expect(try home.records(after: before, limit: 100) == records)
        #expect(try ring[2].local.standing.durable == last)
        #expect(try ring[3].local.standing.last < last)
        ring.cut()
        try await until { try ring[3].standing.durable == last }
        ring.close()
    }

    @Test("what was durable is there after a restart, and with a home that takes over, also where a backup lacked it")
    func lasting() async throws {
        try ring.open([1, 2, 3])
        let first = try await ring.lead(1, isContinuing: true)
        ring.cut(3)
        let records = try append(20, 1, epoch: first)
        let last = try #require(records.last?.index)
        try await ring[1].durable(last)
        ring.close()

        try ring.open([1, 2])
        let second = try await ring.lead(1, isContinuing: true)
        #expect(second > first)
        #expect(try ring[1].records(after: last - 20, limit: 20) == records)
        ring.close()

        // The one that was cut off fetches it from the other backup, the home being away.
        ring.cut()
        try ring.open([2, 3])
        let third = try await ring.lead(3)
        #expect(third > second)
        #expect(try ring[3].records(after: last - 20, limit: 20) == records)
        #expect(try ring[3].replica.log.membership.set == JournalSet(home: node(3), backups: [node(2)]))
        ring.close()
    }

    @Test("a home that another one has followed takes no records, and those that wait never become durable by it")
    func deposed() async throws {
        try ring.open([1, 2, 3])
        let first = try await ring.lead(1, isContinuing: true)
        let home = try ring[1]
        try await until { home.standing.durable == home.standing.last }
        ring.cut(1)
        let lost = try append(5, 1, epoch: first)
        let refusal = Mutex<VolumeStoreError?>(nil)
        home.whenDurable(try #require(lost.last?.index)) { result in
            if case .failure(let error) = result { refusal.withLock { $0 = error } }
        }
        let second = try await ring.lead(2)
        ring.cut()
        try await until { refusal.withLock { $0 } != nil }
        #expect(refusal.withLock { $0 } == .deposed(epoch: first, current: second))
        #expect(throws: VolumeStoreError.self) { try append(1, 1, epoch: first) }
        let kept = try append(5, 2, epoch: second)
        try await ring[2].durable(try #require(kept.last?.index))
        ring.close()
    }
}
