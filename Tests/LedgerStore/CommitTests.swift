import Bookkeeping
import Dispatch
import Foundation
import GRDB
import Resources
import Synchronization
import TestKit
import Testing

@testable import LedgerStore

@Suite("Committing")
struct CommitTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("commits are durable: WAL with synchronous FULL on the connection that writes")
    func durability() async throws {
        let segment = try Segment(path: directory.file(Segment.name(1)), options: LedgerStore.Options())
        let (synchronous, journal) = try await segment.pool.writeWithoutTransaction { db in
            (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
        }
        #expect(synchronous == 2 && journal == "wal")
    }

    @Test("what was committed is there after opening again, and state is in order of its ids")
    func restart() async throws {
        let papers = LeasePapers(1, receipts: 2)
        try await directory.withStore { store in
            try await store.commit([
                .trustLine(TrustLine(peer: peer, granted: 1000, received: 5, ownCeiling: 500)),
                .transfer(lend(1, 100, lease: papers.agreement.lease)), .agreement(papers.agreement),
                .receipt(papers.receipts[0].cosigned(accepting: 7)), .receipt(papers.receipts[1]),
                .state(.lease, id: "b", ["two": 2]), .state(.lease, id: "a", ["one": 1]), .state(.job, id: "c", ["x": 0]),
                .event(event(1, "lse_1", "job_1")),
            ])
            try await store.commit([.state(.job, id: "c", nil), .state(.lease, id: "b", ["two": 22])])
        }
        try await directory.withStore { store in
            #expect(try store.states(.lease, as: [String: Int].self) == [["one": 1], ["two": 22]])
            #expect(try store.state(.lease, id: "b", as: [String: Int].self) == ["two": 22])
            #expect(try store.state(.job, id: "c", as: [String: Int].self) == nil)
            #expect(try store.agreement(papers.agreement.id) == papers.agreement)
            #expect(
                try store.receipts(lease: papers.agreement.lease) == [
                    papers.receipts[0].cosigned(accepting: 7), papers.receipts[1],
                ])
            #expect(try store.openReceipts() == [papers.receipts[1]])
            #expect(try store.transfers(lease: papers.agreement.lease) == [lend(1, 100, lease: papers.agreement.lease)])
            let snapshot = try store.booksSnapshot()
            #expect(snapshot.trustLines == [TrustLine(peer: peer, granted: 1000, received: 5, ownCeiling: 500)])
            #expect(Books(restoring: snapshot).balance(of: .peer(peer)) == Balance(debitsPending: 100))
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
    }

    @Test("a receipt is co-signed once, later, and never otherwise")
    func cosigning() async throws {
        let receipt = LeasePapers(1, receipts: 1).receipts[0]
        try await directory.withStore { store in
            try await store.commit([.receipt(receipt)])
            try await store.commit([.receipt(receipt.cosigned(accepting: 4))])
            try await store.commit([.receipt(receipt.cosigned(accepting: 4))])
            try await store.commit([.receipt(receipt)])
            await #expect(throws: LedgerStoreError.conflict(receipt.receipt.id.description)) {
                try await store.commit([.receipt(receipt.cosigned(accepting: 5))])
            }
            #expect(try store.receipts(lease: receipt.receipt.lease) == [receipt.cosigned(accepting: 4)])
        }
    }

    @Test("a transfer that is there is passed over; one with its id and other content fails")
    func uniqueness() async throws {
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(1)), .transfer(lend(2, 5))])
            try await store.commit([.transfer(direct(1)), .transfer(lend(2, 5)), .transfer(direct(3))])
            await #expect(throws: LedgerStoreError.conflict(transferID(1).description)) {
                try await store.commit([.transfer(direct(4)), .transfer(direct(1, 2))])
            }
            #expect(try store.lastTransfers(10).map(\.id) == [1, 2, 3].map(transferID))
            #expect(try store.verify(signatures: isSigned).transfers == 3)
        }
    }

    @Test("the ledger itself refuses posts without an open reservation, and beyond what it holds")
    func constraints() async throws {
        try await directory.withStore { store in
            try await store.commit([.transfer(lend(1, 100))])
            let reservation = try #require(Reservation(lend(1, 100)))
            for bad in [
                reservation.post(101, as: transferID(2), at: start.utc),
                reservation.expire(as: transferID(2), at: start.utc).with { $0.amount = 99 },
                reservation.post(1, as: transferID(2), at: start.utc).with { $0.of = transferID(9) },
                reservation.post(1, as: transferID(2), at: start.utc).with { $0.credit = .spent },
                direct(2).with { $0.credit = .spent },
                direct(2).with { $0.amount = -1 },
            ] {
                await #expect(throws: LedgerStoreError.self) { try await store.commit([.transfer(bad)]) }
            }
            try await store.commit([.transfer(reservation.void(as: transferID(2), at: start.utc))])
            await #expect(throws: LedgerStoreError.self) {
                try await store.commit([.transfer(reservation.post(1, as: transferID(3), at: start.utc))])
            }
            let verification = try store.verify(signatures: isSigned)
            #expect(verification.fault == nil && verification.transfers == 2)
        }
    }

    @Test(
        "rows of the chain can be neither changed nor deleted",
        arguments: ["transfers", "agreements", "receipts", "cosignatures"])
    func immutability(table: String) async throws {
        let papers = LeasePapers(1, receipts: 1)
        try await directory.withStore { store in
            try await store.commit([
                .transfer(direct(1)), .agreement(papers.agreement), .receipt(papers.receipts[0].cosigned()),
            ])
        }
        let queue = try DatabaseQueue(path: directory.file("ledger-000001.sqlite"))
        for sql in ["UPDATE \(table) SET hash = zeroblob(32)", "DELETE FROM \(table)"] {
            await #expect(throws: DatabaseError.self) { try await queue.write { try $0.execute(sql: sql) } }
        }
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") } == 1)
    }

    @Test("batches queued together complete in order, and one that breaks a rule fails alone and whole")
    func isolation() async throws {
        let store = try LedgerStore(directory: directory.path)
        let outcomes = Mutex<[(Int, LedgerStoreError?)]>([])
        let done = DispatchGroup()
        for n in 0..<100 {
            done.enter()
            let last = n % 10 == 3 ? direct(n - 1, 99) : direct(n)
            store.commit([.state(.setting, id: "\(n)", n), .event(event(n)), .transfer(last)]) { result in
                outcomes.withLock { $0.append((n, result.failure)) }
                done.leave()
            }
        }
        await withCheckedContinuation { continuation in done.notify(queue: .global()) { continuation.resume() } }
        #expect(outcomes.withLock { $0.map(\.0) } == Array(0..<100))
        for (n, failure) in outcomes.withLock({ $0 }) {
            #expect(failure == (n % 10 == 3 ? .conflict(transferID(n - 1).description) : nil))
        }
        #expect(try store.states(.setting, as: Int.self).count == 90)
        #expect(try store.lastEvents(1000).map(\.sequence) == Array(1...90))
        let verification = try store.verify(signatures: isSigned)
        #expect(verification.fault == nil && verification.transfers == 90)
        store.close()
    }

    @Test("after the store was closed every call says so, and what was accepted before is there")
    func closing() async throws {
        let store = try LedgerStore(directory: directory.path)
        let accepted = Mutex(0)
        for n in 0..<50 {
            store.commit([.transfer(direct(n))]) { if case .success = $0 { accepted.withLock { $0 += 1 } } }
        }
        store.close()
        #expect(accepted.withLock { $0 } == 50)
        await #expect(throws: LedgerStoreError.closed) { try await store.commit([.transfer(direct(51))]) }
        #expect(throws: LedgerStoreError.closed) { try store.lastTransfers(1) }
        let transfers = try await directory.withStore { try $0.lastTransfers(100) }
        #expect(transfers.count == 50)
    }
}

extension Result<Void, LedgerStoreError> {
    fileprivate var failure: LedgerStoreError? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension Transfer {
    func with(_ change: (inout Transfer) -> Void) -> Transfer {
        var result = self
        change(&result)
        return result
    }
}
