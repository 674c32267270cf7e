import Bookkeeping
import Foundation
import GRDB
import LedgerSchema
import Resources
import Testing

@testable import LedgerStore

@Suite("Opening")
struct OpeningTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("the data directory is made for its owner alone")
    func creation() throws {
        let path = directory.file("deep/data")
        let store = try LedgerStore(directory: path)
        store.close()
        #expect(try mode(path) == 0o700)
        #expect(try mode(path + "/ledger-000001.sqlite") == 0o600)
    }

    @Test("a directory that others may enter is refused, and left as it is")
    func openDirectory() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.path)
        let error = #expect(throws: LedgerStoreError.self) { try LedgerStore(directory: directory.path) }
        #expect(error?.description.contains("chmod 0700") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }

    @Test("a second agent on the same directory is refused with the first one's process id, until it has closed")
    func lock() async throws {
        try await directory.withStore { _ in
            #expect(throws: LedgerStoreError.locked(directory: directory.path, holder: "process \(getpid())")) {
                try LedgerStore(directory: directory.path)
            }
        }
        try await directory.withStore { try await $0.commit([.transfer(direct(1))]) }
    }

    @Test("once closed the directory is free, also while a child that was just forked has its files open")
    func lockOfChild() throws {
        let store = try LedgerStore(directory: directory.path)
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        let file = URL(fileURLWithPath: directory.file("lock")).resolvingSymlinksInPath().path
        let lock = try #require(
            descriptors.compactMap { Int32($0) }.first {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == file
            })
        let inherited = dup(lock)
        defer { close(inherited) }
        store.close()
        try LedgerStore(directory: directory.path).close()
    }

    @Test("a ledger of a newer schema is refused and not touched")
    func newerSchema() throws {
        try LedgerStore(directory: directory.path).close()
        let file = directory.file("ledger-000001.sqlite")
        try DatabaseQueue(path: file).inDatabase { try $0.execute(sql: "PRAGMA user_version = 99") }
        let error = #expect(throws: LedgerStoreError.self) { try LedgerStore(directory: directory.path) }
        #expect(error == .newerSchema(file: file, found: 99, supported: Migration.all.count))
        #expect(try DatabaseQueue(path: file).read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 99)
    }

    @Test("a database of another program is refused and not touched")
    func foreignDatabase() throws {
        let file = directory.file("ledger-000001.sqlite")
        let queue = try DatabaseQueue(path: file)
        try queue.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        try queue.close()
        #expect(throws: LedgerStoreError.self) { try LedgerStore(directory: directory.path) }
        #expect(try DatabaseQueue(path: file).read { try $0.tableExists("theirs") && !$0.tableExists("transfers") })
    }

    @Test("a file that is no database is refused with its name and left as it is")
    func garbage() throws {
        let file = directory.file("ledger-000001.sqlite")
        let garbage =
            Data("this is not a database, but it is long enough to be read as a header of one: ".utf8) + Data(count: 4096)
        try garbage.write(to: URL(fileURLWithPath: file))
        let error = #expect(throws: LedgerStoreError.self) { try LedgerStore(directory: directory.path) }
        #expect(error?.description.contains(file) == true)
        #expect(FileManager.default.contents(atPath: file) == garbage)
    }

    @Test("a copy is saved before the schema is brought up to date, and the step is all or nothing")
    func migration() throws {
        let path = directory.file("m.sqlite")
        let first = Migration(version: 1, sql: "CREATE TABLE a (x)")
        let second = Migration(version: 2, sql: "ALTER TABLE a ADD COLUMN y; INSERT INTO a VALUES (2, 2)")
        let broken = Migration(version: 2, sql: "ALTER TABLE a ADD COLUMN y; INSERT INTO nowhere VALUES (2, 2)")
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
            try Migrator(path: path, steps: [first]).run(db)
            try db.execute(sql: "INSERT INTO a VALUES (1)")
            #expect(throws: DatabaseError.self) { try Migrator(path: path, steps: [first, broken]).run(db) }
            #expect(try db.columns(in: "a").count == 1)
            try Migrator(path: path, steps: [first, second]).run(db)
            try Migrator(path: path, steps: [first, second]).run(db)
            #expect(try Int.fetchAll(db, sql: "SELECT x FROM a") == [1, 2])
        }
        let copy = try DatabaseQueue(path: path + ".schema-1")
        #expect(try copy.read { try Int.fetchAll($0, sql: "SELECT x FROM a") } == [1])
        #expect(try copy.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 1)
    }

    @Test("a ledger of the first schema, with a closed segment of it, is brought up to date with all that is in it")
    func upgrade() async throws {
        let papers = LeasePapers(1, receipts: 2)
        let reservation = try #require(Reservation(lend(1, 100, lease: papers.agreement.lease)))
        try await directory.withStore { store in
            try await store.commit([
                .transfer(reservation.transfer), .agreement(papers.agreement), .receipt(papers.receipts[0].cosigned()),
                .transfer(reservation.post(10, as: transferID(2), at: moment(1).utc)), .state(.lease, id: "a", 1),
                .event(event(1, "a")),
            ])
            try await store.closeSegment()
            try await store.commit([
                .transfer(reservation.post(20, as: transferID(3), at: moment(2).utc)), .transfer(direct(4)),
            ])
        }
        for number in 1...2 { try backdate(directory.file(Segment.name(number)), isClosed: number == 1) }
        try await directory.withStore { store in
            #expect(try store.verify(signatures: isSigned).fault == nil)
            let posted = try store.posted(PostedQuery(peer: peer), after: 0, limit: 10)
            #expect(posted.map(\.transfer.id) == [2, 3].map(transferID) && posted.map(\.purpose) == [.lent, .lent])
            #expect(try store.standing(before: PostedQuery(peer: peer, since: moment(2).utc)).map(\.net) == [10])
            #expect(Books(restoring: try store.booksSnapshot()).reservation(transferID(1))?.remaining == 70)
            #expect(try store.states(.lease, as: Int.self) == [1])
            try await store.commit([.transfer(reservation.post(30, as: transferID(5), at: moment(3).utc))])
            #expect(try store.posted(PostedQuery(peer: peer), after: 0, limit: 10).count == 3)
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
        var versions: [Int?] = []
        for name in [Segment.name(1), Segment.name(2), Segment.name(2) + ".schema-1"] {
            let queue = try DatabaseQueue(path: directory.file(name))
            versions.append(try await queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") })
        }
        #expect(versions == [1, Migration.all.count, 1], "a closed segment stays as it is")
    }

    /// Makes a file what a program of the first schema has left.
    private func backdate(_ file: String, isClosed: Bool) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let queue = try DatabaseQueue(path: file)
        try queue.writeWithoutTransaction { db in
            for index in ["transfers_by_debit", "transfers_by_credit"] { try db.execute(sql: "DROP INDEX \(index)") }
            for table in ["obligations", "adjustments", "checkpoints", "disputes", "resolutions"] {
                try db.execute(sql: "DROP TABLE \(table)")
            }
            for table in ["trust_lines", "state", "events"] { try db.execute(sql: "ALTER TABLE \(table) DROP COLUMN seal") }
            for column in ["accepted_disk_time", "accepted_memory_time", "accepted_core_time"] {
                try db.execute(sql: "ALTER TABLE cosignatures DROP COLUMN \(column)")
            }
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        try queue.close()
        if isClosed { try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file) }
    }

    @Test("migrations are numbered 1, 2, 3, ...")
    func numbering() {
        #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
    }
}
