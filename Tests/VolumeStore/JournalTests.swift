import Dispatch
import Foundation
import Resources
import Synchronization
import Testing
import Volumes

@testable import VolumeStore

@Suite("Journal of a volume")
struct JournalTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("journal") }

    init() throws {
        directory = try TemporaryDirectory()
        try SQLiteJournal.create(path: path, volume: volumeID, after: 0, epoch: 1)
    }

    private func open(_ onDurable: @escaping @Sendable (UInt64) -> Void = { _ in }) throws -> SQLiteJournal {
        try SQLiteJournal(path: path, volume: volumeID, onDurable: onDurable)
    }

    private func records(_ range: ClosedRange<UInt64>, epoch: UInt64 = 1) throws -> [Record] {
        try range.map { try .making($0, epoch: epoch, "of-\(epoch)") }
    }

    @Test("what is said to be durable is there when it is opened again, in pages and in its order")
    func durable() throws {
        let said = Mutex<[UInt64]>([])
        let all = try records(1...50)
        do {
            let journal = try open { index in said.withLock { $0.append(index) } }
            for record in all { try journal.append([record], by: 1) }
            try journal.awaitDurable(50)
            journal.close()
        }
        let order = said.withLock { $0 }
        #expect(order.last == 50 && order == order.sorted())
        let journal = try open()
        #expect(journal.standing == JournalStanding(trimmed: 0, durable: 50, last: 50, epoch: 1))
        var read: [Record] = []
        while case let page = try journal.records(after: UInt64(read.count), limit: 7), !page.isEmpty { read += page }
        #expect(read == all)
        #expect(try journal.records(after: 50, limit: 7) == [])
    }

    @Test("who waits is told in the order of the records, once they are durable")
    func waiting() async throws {
        let journal = try open()
        let order = Mutex<[UInt64]>([])
        for index in [3, 1, 2] as [UInt64] {
            journal.whenDurable(index) { result in
                if case .success = result { order.withLock { $0.append(index) } }
            }
        }
        try journal.append(try records(1...3), by: 1)
        try await journal.durable(3)
        // Those of one group are told before anybody who asks later.
        journal.close()
        #expect(order.withLock { $0 } == [1, 2, 3])
    }

    @Test("records with a gap, or of a home that was deposed, are not taken")
    func refusals() throws {
        let journal = try open()
        #expect(throws: VolumeStoreError.gap(last: 0, next: 2)) { try journal.append([.making(2)], by: 1) }
        #expect(throws: VolumeStoreError.gap(last: 1, next: 3)) { try journal.append([.making(1), .making(3)], by: 1) }
        try journal.begin(epoch: 5)
        #expect(throws: VolumeStoreError.deposed(epoch: 4, current: 5)) { try journal.append([.making(1)], by: 4) }
        #expect(throws: VolumeStoreError.deposed(epoch: 4, current: 5)) { try journal.begin(epoch: 4) }
        #expect(throws: VolumeStoreError.deposed(epoch: 4, current: 5)) { try journal.truncate(after: 0, by: 4) }
        #expect(throws: VolumeStoreError.self) { try journal.append([.making(1, epoch: 6)], by: 5) }
        #expect(journal.standing == JournalStanding(trimmed: 0, durable: 0, last: 0, epoch: 5))
        try journal.append([.making(1)], by: 5)
        try journal.awaitDurable(1)
        #expect(try journal.epoch(of: 1) == 1, "a record keeps the epoch of the home that wrote it")
    }

    @Test("the highest epoch is remembered, whether it came by itself or with records, and has all 64 bits")
    func epochs() throws {
        do {
            let journal = try open()
            try journal.append(try records(1...2, epoch: 3), by: 3)
            try journal.awaitDurable(2)
            journal.close()
        }
        do {
            let journal = try open()
            #expect(journal.standing.epoch == 3)
            #expect(throws: VolumeStoreError.deposed(epoch: 2, current: 3)) { try journal.append([.making(3)], by: 2) }
            try journal.begin(epoch: .max)
        }
        #expect(try open().standing.epoch == .max)
    }

    @Test("what was trimmed is gone, and what follows is not; the epoch of the last of it is still known")
    func trimming() throws {
        let journal = try open()
        try journal.append(try records(1...9), by: 1)
        try journal.append(try records(10...10_000, epoch: 2), by: 2)
        try journal.awaitDurable(10_000)
        try journal.trim(through: 9000)
        try journal.trim(through: 10)
        #expect(journal.standing == JournalStanding(trimmed: 9000, durable: 10_000, last: 10_000, epoch: 2))
        #expect(throws: VolumeStoreError.trimmed(through: 9000, wanted: 9000)) { try journal.records(after: 8999, limit: 1) }
        #expect(try journal.records(after: 9000, limit: 1).map(\.index) == [9001])
        #expect(try journal.epoch(of: 9000) == 2 && journal.epoch(of: 8999) == nil)
        try journal.trim(through: .max)
        #expect(try journal.records(after: 10_000, limit: 1) == [])
        journal.close()
        #expect(try open().standing == JournalStanding(trimmed: 10_000, durable: 10_000, last: 10_000, epoch: 2))
    }

    @Test("a new epoch takes back the tail that its history does not have, and goes on from there")
    func truncating() throws {
        do {
            let journal = try open()
            try journal.append(try records(1...10), by: 1)
            let outcome = Mutex<Result<Void, VolumeStoreError>?>(nil)
            journal.whenDurable(11) { result in outcome.withLock { $0 = result } }
            try journal.truncate(after: 6, by: 2)
            #expect(throws: VolumeStoreError.deposed(epoch: 1, current: 2)) { try outcome.withLock { try $0?.get() } }
            #expect(journal.standing == JournalStanding(trimmed: 0, durable: 6, last: 6, epoch: 2))
            #expect(throws: VolumeStoreError.deposed(epoch: 1, current: 2)) { try journal.append(try records(7...7), by: 1) }
            try journal.append(try records(7...8, epoch: 2), by: 2)
            try journal.awaitDurable(8)
            try journal.trim(through: 3)
            #expect(throws: VolumeStoreError.trimmed(through: 3, wanted: 3)) { try journal.truncate(after: 2, by: 3) }
            journal.close()
        }
        let journal = try open()
        #expect(journal.standing == JournalStanding(trimmed: 3, durable: 8, last: 8, epoch: 2))
        #expect(try journal.records(after: 3, limit: 9).map(\.epoch) == [1, 1, 1, 2, 2])
    }

    @Test("no more wait than a journal can bear, and the rest is taken when there is room again")
    func overload() throws {
        let (holds, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let journal = try open { index in
            guard index == 1 else { return }
            holds.signal()
            released.wait()
        }
        try journal.append(try records(1...1), by: 1)
        holds.wait()
        try journal.append(try records(2...65_537), by: 1)
        #expect(throws: VolumeStoreError.overloaded(65_536)) { try journal.append(try records(65_538...65_538), by: 1) }
        released.signal()
        try journal.awaitDurable(65_537)
        try journal.append(try records(65_538...65_538), by: 1)
    }

    @Test("records of an old tail that are written while it is taken back count for nothing")
    func truncatingMeanwhile() async throws {
        let (holds, released) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let journal = try open { index in
            guard index == 1 else { return }
            holds.signal()
            released.wait()
        }
        try journal.append(try records(1...1), by: 1)
        holds.wait()
        // The journal's thread stands still, and this waits for it.
        try journal.append(try records(2...4), by: 1)
        let truncated = DispatchSemaphore(value: 0)
        Thread {
            try? journal.truncate(after: 1, by: 2)
            truncated.signal()
        }.start()
        while journal.standing.epoch < 2 { sched_yield() }
        try journal.append(try records(2...2, epoch: 2), by: 2)
        let found = Mutex<[Record]?>(nil)
        let isTold = DispatchSemaphore(value: 0)
        journal.whenDurable(2) { _ in
            let records = try? journal.records(after: 1, limit: 9)
            found.withLock { $0 = records }
            isTold.signal()
        }
        released.signal()
        truncated.wait()
        isTold.wait()
        #expect(found.withLock { $0 } == (try records(2...2, epoch: 2)))
    }

    @Test("after a failure nothing is taken, all who wait are told, and what was durable is there when it is opened again")
    func failure() async throws {
        do {
            let journal = try open()
            try journal.append(try records(1...2), by: 1)
            try journal.awaitDurable(2)
            // What nobody could have written stands in the place of the next record.
            try Connection(path: path, .write).execute("INSERT INTO records VALUES (4, 1, 0, x'00')")
            try journal.append(try records(3...5), by: 1)
            await #expect(throws: VolumeStoreError.self) { try await journal.durable(3) }
            #expect(throws: VolumeStoreError.self) { try journal.awaitDurable(5) }
            let failure = try #require(journal.failure)
            #expect(throws: failure) { try journal.append(try records(3...3), by: 1) }
            #expect(throws: failure) { try journal.begin(epoch: 9) }
            #expect(journal.standing.durable == 2)
            journal.close()
        }
        try Connection(path: path, .write).execute("DELETE FROM records WHERE number = 4")
        let journal = try open()
        #expect(try journal.records(after: 0, limit: 9) == (try records(1...2)))
    }

    @Test("after it was closed every call fails, and nothing that was taken before is lost")
    func closing() throws {
        let journal = try open()
        try journal.append(try records(1...100), by: 1)
        journal.close()
        #expect(throws: VolumeStoreError.closed) { try journal.append(try records(101...101), by: 1) }
        #expect(throws: VolumeStoreError.closed) { try journal.awaitDurable(101) }
        #expect(throws: VolumeStoreError.closed) { try journal.records(after: 0, limit: 1) }
        #expect(try open().standing.durable == 100)
    }

    @Test("a journal of another volume is refused")
    func foreign() throws {
        #expect(throws: VolumeStoreError.self) { try SQLiteJournal(path: path, volume: VolumeID(high: 1, low: 1)) }
    }

    @Test("every commit of the journal is synced")
    func synchronous() throws {
        let file = try JournalFile(path: path, volume: volumeID)
        #expect(try file.connection.integer("PRAGMA synchronous") == 2)
        #expect(try file.connection.texts("PRAGMA journal_mode") == ["wal"])
    }
}
