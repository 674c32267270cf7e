import Bookkeeping
import Foundation
import GRDB
import Resources
import Testing

@testable import LedgerStore

@Suite("Segments")
struct SegmentTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A ledger with an open reservation, closed segments of four rows, and state.
    private func fill(closing: Int) async throws {
        try await directory.withStore { store in
            try await store.commit([
                .trustLine(TrustLine(peer: peer, granted: 1000, ownCeiling: 1000)), .transfer(lend(1, 100)),
                .state(.lease, id: "a", 1), .event(event(1, "a")),
            ])
            for n in 0..<closing {
                try await store.commit([.transfer(direct(10 + n)), .event(event(2 + n, "a"))])
                try await store.closeSegment()
            }
            try await store.commit([
                .transfer(try #require(Reservation(lend(1, 100))).post(40, as: transferID(90), at: start.utc))
            ])
        }
    }

    @Test("state, events, reservations and balances go on in the next segment")
    func carryOver() async throws {
        try await fill(closing: 2)
        try await directory.withStore { store in
            let books = Books(restoring: try store.booksSnapshot())
            #expect(books.balance(of: .peer(peer)) == Balance(debitsPosted: 40, debitsPending: 60))
            #expect(books.balance(of: .earned) == Balance(creditsPosted: 42, creditsPending: 60))
            #expect(books.reservation(transferID(1))?.transfer == lend(1, 100))
            #expect(books.trustLine(with: peer)?.granted == 1000)
            #expect(try store.states(.lease, as: Int.self) == [1])
            #expect(try store.events(subject: "a").map(\.sequence) == [1, 2, 3])
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil)
            #expect(verification.segments == 3 && verification.transfers == 4 && verification.sequence == 6)
        }
    }

    @Test("a closed segment is a single read-only file without what moved on")
    func closedFile() async throws {
        try await fill(closing: 1)
        let file = directory.file("ledger-000001.sqlite")
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o400)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == [
                "ledger-000001.sqlite", "ledger-000002.sqlite", "lock",
            ])
        var configuration = Configuration()
        configuration.readonly = true
        let counts = try await DatabaseQueue(path: file, configuration: configuration).read { db in
            try ["state", "events", "event_subjects", "transfers", "closing"].map {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)")
            }
        }
        #expect(counts == [0, 0, 0, 2, 1])
    }

    @Test("a transfer of an earlier segment is still passed over, and still conflicts with other content")
    func replayAcrossSegments() async throws {
        try await fill(closing: 2)
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(10)), .transfer(lend(1, 100))])
            await #expect(throws: LedgerStoreError.conflict(transferID(10).description)) {
                try await store.commit([.transfer(direct(10, 5))])
            }
            await #expect(throws: LedgerStoreError.conflict(transferID(1).description)) {
                try await store.commit([.transfer(lend(1, 99))])
            }
            #expect(try store.verify(signatures: isSigned).transfers == 4)
        }
    }

    @Test("segments that were moved away are not missed")
    func archived() async throws {
        try await fill(closing: 3)
        try FileManager.default.removeItem(atPath: directory.file("ledger-000001.sqlite"))
        try await directory.withStore { store in
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.firstSegment == 2 && verification.segments == 3)
            #expect(Books(restoring: try store.booksSnapshot()).balance(of: .earned).creditsPosted == 43)
        }
    }

    @Test("a closed segment whose tidying up was killed is rolled back before it is read")
    func killedWhileTidying() async throws {
        try await fill(closing: 6)
        for number in 1...6 { try leaveHotJournal(of: Segment.name(number)) }
        try await directory.withStore { store in
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.segments == 7 && verification.transfers == 8)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!names.contains { $0.hasSuffix("-journal") })
        for number in 1...6 {
            let file = directory.file(Segment.name(number))
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o400)
        }
    }

    /// Makes a file what it is when its writer is killed in the middle of a large transaction: half changed, with the
    /// journal that undoes it.
    private func leaveHotJournal(of name: String) throws {
        let (file, copy) = (directory.file(name), directory.file("copy"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let queue = try DatabaseQueue(path: file)
        try queue.writeWithoutTransaction { db in
            // A cache too small for the transaction makes SQLite write before the commit.
            try db.execute(sql: "PRAGMA cache_size = 1; BEGIN; CREATE TABLE half_done (filler)")
            for _ in 0..<50 { try db.execute(sql: "INSERT INTO half_done VALUES (zeroblob(4000))") }
            for suffix in ["", "-journal"] { try FileManager.default.copyItem(atPath: file + suffix, toPath: copy + suffix) }
            try db.rollback()
        }
        try queue.close()
        try FileManager.default.removeItem(atPath: file)
        for suffix in ["", "-journal"] { try FileManager.default.moveItem(atPath: copy + suffix, toPath: file + suffix) }
        var configuration = Configuration()
        configuration.readonly = true
        let error = #expect(throws: DatabaseError.self) {
            try DatabaseQueue(path: file, configuration: configuration).read { try Closing($0) }
        }
        #expect(error?.extendedResultCode == .SQLITE_READONLY_ROLLBACK)
    }

    @Test("a store that can neither continue nor follow a segment says why to all, and is completed when opened again")
    func abandoned() async throws {
        let next = directory.file(Segment.name(2))
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(1))])
            // In the way of the successor's name.
            try FileManager.default.createDirectory(atPath: next, withIntermediateDirectories: false)
            let error = await #expect(throws: LedgerStoreError.self) { try await store.closeSegment() }
            let abandoned = LedgerStoreError.abandoned("\(try #require(error))")
            await #expect(throws: abandoned) { try await store.commit([.transfer(direct(2))]) }
            store.resume()
            await #expect(throws: abandoned) { try await store.commit([.transfer(direct(2))]) }
            store.close()
            #expect(throws: abandoned) { try store.lastTransfers(1) }
        }
        try FileManager.default.removeItem(atPath: next)
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(2))])
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.segments == 2 && verification.transfers == 2)
        }
    }

    @Test("closing a segment that was interrupted anywhere is completed at the next start", arguments: 0...3)
    func interrupted(stage: Int) async throws {
        try await fill(closing: 1)
        try await interrupt(at: stage)
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(95))])
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.transfers == 4)
            #expect(verification.segments == (stage == 0 ? 2 : 3))
            #expect(try store.events(subject: "a").count == 2)
            #expect(Books(restoring: try store.booksSnapshot()).reservation(transferID(1))?.remaining == 60)
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(!names.contains { $0.hasSuffix("-wal") })
        #expect(stage == 0 || !names.contains { $0.contains("partial") })
    }

    /// Does what closing segment 2 does up to a stage: the successor built; its closing row committed; the same with
    /// the successor lost; the successor named but the closed file not sealed.
    private func interrupt(at stage: Int) async throws {
        let options = LedgerStore.Options()
        let files = SegmentFiles(directory: try DataDirectory(path: directory.path), options: options)
        defer { files.directory.unlock() }
        let segment = try files.openCurrent()
        let successor = try files.buildSuccessor(of: segment)
        if stage > 0 {
            let next = try files.replace(segment, by: successor)
            try next.close()
        }
        try segment.close()
        let named = directory.file("ledger-000003.sqlite")
        if stage == 1 { try FileManager.default.moveItem(atPath: named, toPath: named + ".partial") }
        if stage == 2 { try FileManager.default.removeItem(atPath: named) }
    }
}
