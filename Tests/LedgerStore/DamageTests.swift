import Bookkeeping
import Foundation
import GRDB
import Resources
import Testing

@testable import LedgerStore

@Suite("Damage")
struct DamageTests {
    private let directory: TemporaryDirectory
    private var file: String { directory.file(Segment.name(1)) }

    init() throws { directory = try TemporaryDirectory() }

    private static let transfers = 600

    private func fill() async throws {
        try await directory.withStore { store in
            try await store.commit((1...Self.transfers).map { .transfer(direct($0)) })
        }
    }

    /// What all tables have, row by row.
    private func rows() throws -> [String: [String]] {
        try DatabaseQueue(path: file).read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            return try tables.reduce(into: [:]) { found, table in
                found[table] = try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { "\($0.databaseValues)" }
            }
        }
    }

    private func ids(_ reader: some LedgerReader) throws -> [UInt64] {
        try reader.posted(PostedQuery(), after: 0, limit: 10_000).map(\.transfer.id.low)
    }

    @Test("a truncated file is found at the start and by verification; what is left is read, the way to restore it named")
    func truncated() async throws {
        try await fill()
        let content = try #require(FileManager.default.contents(atPath: file))
        try content.prefix(content.count * 3 / 4 / 4096 * 4096).write(to: URL(fileURLWithPath: file))
        let error = #expect(throws: LedgerStoreError.self) { try LedgerStore(directory: directory.path) }
        #expect(error?.isDamage == true && error?.description.contains("surplus ledger restore") == true)
        let closed = try ClosedLedger(directory: directory.path)
        let found = try closed.verify(signatures: isSigned)
        #expect(found.fault?.file == Segment.name(1))
        let left = try ids(closed)
        #expect(!left.isEmpty && left.count < Self.transfers && left == left.sorted())
    }

    @Test("of a page that is lost the rows around it are read")
    func lostPage() async throws {
        try await fill()
        // A leaf of the table of transfers: the page with the hash of one in the middle, which no index has.
        let queue = try DatabaseQueue(path: file)
        let found = try await queue.read { db in
            try Data.fetchOne(db, sql: "SELECT hash FROM transfers WHERE sequence = ?", arguments: [Self.transfers / 2])
        }
        try queue.close()
        var content = try #require(FileManager.default.contents(atPath: file))
        let hash = try #require(found)
        let place = try #require(content.firstRange(of: hash)?.lowerBound)
        content.replaceSubrange((place / 4096 * 4096)..<(place / 4096 * 4096 + 4096), with: Data(count: 4096))
        try content.write(to: URL(fileURLWithPath: file))
        let closed = try ClosedLedger(directory: directory.path)
        #expect(try closed.verify(signatures: isSigned).fault != nil)
        let left = try ids(closed)
        #expect(left.first == 1 && left.last == UInt64(Self.transfers))
        #expect(left.count > Self.transfers - 100 && left.count < Self.transfers)
    }

    @Test("whichever byte of a ledger flips: it is found, or everything in it is as it was", arguments: 0..<60 as Range<UInt64>)
    func flipped(seed: UInt64) async throws {
        try await fill()
        try await directory.withStore { store in
            try await store.commit(
                [.trustLine(TrustLine(peer: peer, granted: 1000, received: 5, ownCeiling: 500))]
                    + (1...300).flatMap { number in
                        [
                            .state(.lease, id: "lse_\(number)", ["held": number]),
                            .event(event(number, "lse_\(number)", "job_\(number)")),
                        ]
                    })
        }
        let before = try rows()
        let whole = try await directory.withStore { try $0.posted(PostedQuery(), after: 0, limit: 10_000) }
        var random = SeededGenerator(seed: seed)
        var content = try #require(FileManager.default.contents(atPath: file))
        content[Int.random(in: 0..<content.count, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
        try content.write(to: URL(fileURLWithPath: file))
        do {
            let found = try ClosedLedger(directory: directory.path).verify(signatures: isSigned)
            guard found.fault == nil else { return }
            #expect(try rows() == before)
            try await directory.withStore { store in
                #expect(try store.posted(PostedQuery(), after: 0, limit: 10_000) == whole)
                let books = Books(restoring: try store.booksSnapshot())
                #expect(books.balance(of: .earned).creditsPosted == Microcredits(Int64(Self.transfers)))
            }
        } catch let error as LedgerStoreError {
            #expect("\(error)".contains(Segment.name(1)), "it names the file: \(error)")
        }
    }

    @Test("nothing of a ledger that can only be read is changed")
    func untouched() async throws {
        try await fill()
        try FileManager.default.removeItem(atPath: directory.file("lock"))
        let content = FileManager.default.contents(atPath: file)
        let closed = try ClosedLedger(directory: directory.path)
        #expect(try ids(closed).count == Self.transfers)
        #expect(try closed.verify(leavesCheckpoints: false, signatures: nil).fault == nil)
        #expect(FileManager.default.contents(atPath: file) == content)
    }
}
