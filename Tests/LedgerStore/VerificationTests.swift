import Bookkeeping
import Foundation
import Resources
import Testing

@testable import LedgerStore

@Suite("Verification")
struct VerificationTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Segment 1: rows 1...7 and the closing row 8; segment 2: rows 9...11.
    private func fill() async throws {
        let papers = LeasePapers(1, receipts: 2)
        let reservation = try #require(Reservation(lend(1, 100)))
        try await directory.withStore { store in
            try await store.commit([
                .transfer(lend(1, 100)), .agreement(papers.agreement),
                .transfer(reservation.post(10, as: transferID(2), at: start.utc)), .receipt(papers.receipts[0].cosigned()),
                .receipt(papers.receipts[1]), .transfer(direct(3)),
                .trustLine(TrustLine(peer: peer, granted: 1000, ownCeiling: 500)), .state(.lease, id: "b", ["two": 2]),
                .event(event(1, "lse_1", "job_1")),
            ])
            try await store.closeSegment()
            try await store.commit([
                .transfer(reservation.post(20, as: transferID(4), at: start.utc)), .transfer(direct(5)),
                .transfer(lend(6, 7)),
            ])
        }
    }

    private func verify() async throws -> Verification {
        try await directory.withStore { try $0.verify(signatures: isSigned) }
    }

    @Test("a ledger that nobody touched is found good, with what is in it")
    func good() async throws {
        try await fill()
        let found = try await verify()
        #expect(found.fault == nil)
        #expect(found.segments == 2 && found.transfers == 6 && found.agreements == 1)
        #expect(found.receipts == 2 && found.cosignatures == 1 && found.sequence == 11)
    }

    struct Tampering: Sendable, CustomTestStringConvertible {
        let sql: String
        var file = 1
        let table: String
        var row: String?
        var testDescription: String { sql }
    }

    @Test(
        "the first fault is named with its file, table and row",
        arguments: [
            Tampering(sql: "UPDATE transfers SET amount = 11 WHERE sequence = 3", table: "transfers", row: "3"),
            Tampering(sql: "UPDATE transfers SET at = at + 1 WHERE sequence = 1", table: "transfers", row: "1"),
            Tampering(
                sql: "UPDATE transfers SET debit = credit, credit = debit WHERE sequence = 7", table: "transfers", row: "7"),
            Tampering(sql: "UPDATE transfers SET hash = zeroblob(32) WHERE sequence = 3", table: "transfers", row: "3"),
            Tampering(sql: "DELETE FROM transfers WHERE sequence = 3", table: "receipts", row: "4"),
            Tampering(sql: "DELETE FROM transfers WHERE sequence = 11", file: 2, table: "segment"),
            Tampering(sql: "DELETE FROM agreements", table: "transfers", row: "3"),
            Tampering(sql: "UPDATE agreements SET document = x'00'", table: "agreements", row: "2"),
            Tampering(sql: "UPDATE receipts SET number = 9 WHERE number = 2", table: "receipts", row: "6"),
            Tampering(sql: "UPDATE receipts SET document = x'00' WHERE number = 2", table: "receipts", row: "6"),
            Tampering(sql: "UPDATE receipts SET lender_signature = x'00' WHERE number = 1", table: "receipts", row: "4"),
            Tampering(sql: "UPDATE cosignatures SET accepted = 9", table: "cosignatures", row: "5"),
            Tampering(sql: "UPDATE closing SET at = at + 1", table: "closing", row: "8"),
            Tampering(sql: "DELETE FROM closing", table: "segment"),
            Tampering(
                sql: "UPDATE accounts SET debits_posted = debits_posted + 1 WHERE name = 'spent'", table: "accounts", row: "spent"
            ),
            Tampering(
                sql: "UPDATE accounts SET opening_debits_posted = 9 WHERE name = 'spent'", file: 2, table: "accounts"),
            Tampering(
                sql: "UPDATE reservations SET posted = posted - 1 WHERE opening_posted IS NOT NULL", file: 2,
                table: "reservations",
                row: "\(transferID(1))"),
            Tampering(
                sql: "UPDATE state SET body = replace(body, '2', '3') WHERE kind = 'lease'", file: 2, table: "state",
                row: "lease b"),
            Tampering(sql: "UPDATE trust_lines SET granted = granted + 1", file: 2, table: "trust_lines"),
            Tampering(sql: "UPDATE trust_lines SET received = 0", file: 2, table: "trust_lines"),
            Tampering(sql: "UPDATE events SET text = 'number 2'", file: 2, table: "events", row: "1"),
            Tampering(sql: "UPDATE events SET seal = 0", file: 2, table: "events", row: "1"),
            Tampering(sql: "DELETE FROM event_subjects WHERE subject = 'job_1'", file: 2, table: "event_subjects", row: "1"),
            Tampering(
                sql: "UPDATE event_subjects SET subject = 'job_2' WHERE subject = 'job_1'", file: 2, table: "event_subjects",
                row: "job_2"),
            Tampering(sql: "UPDATE segment SET head = zeroblob(32)", file: 2, table: "segment"),
            Tampering(sql: "UPDATE segment SET opening_head = zeroblob(32)", file: 2, table: "segment"),
            Tampering(sql: "UPDATE segment SET opening_sequence = 7", file: 2, table: "segment"),
            Tampering(sql: "UPDATE transfers SET amount = 21 WHERE sequence = 9", file: 2, table: "transfers", row: "9"),
        ])
    func tampered(_ tampering: Tampering) async throws {
        try await fill()
        let file = "ledger-00000\(tampering.file).sqlite"
        try directory.tamper(file, tampering.sql)
        let fault = try #require(try await verify().fault)
        #expect(fault.file == file && fault.table == tampering.table, "\(fault)")
        if let row = tampering.row { #expect(fault.row == row, "\(fault)") }
    }

    @Test("a rule that was taken out of the schema is missed")
    func schema() async throws {
        try await fill()
        try directory.tamper("ledger-000001.sqlite", "DROP INDEX transfers_by_lease")
        let fault = try #require(try await verify().fault)
        #expect(fault.description == "ledger-000001.sqlite: table (schema), row transfers_by_lease: is missing")
    }

    @Test("a verification goes on from where the last one ended, and finds what came after")
    func resuming() async throws {
        try await fill()
        _ = try await verify()
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(7))])
            let resumed = try store.verify(resuming: true, signatures: isSigned)
            #expect(resumed.fault == nil && resumed.resumedAfter == 11 && resumed.sequence == 12)
            #expect(resumed.segments == 2 && resumed.transfers == 7 && resumed.receipts == 2)
            let whole = try store.verify(signatures: isSigned)
            #expect(whole.resumedAfter == nil && whole.head == resumed.head && whole.transfers == resumed.transfers)
            try await store.closeSegment()
            try await store.commit([.transfer(direct(8))])
            let crossed = try store.verify(resuming: true, signatures: isSigned)
            #expect(crossed.fault == nil && crossed.resumedAfter == 12 && crossed.segments == 3 && crossed.transfers == 8)
        }
        try directory.tamper("ledger-000003.sqlite", "UPDATE transfers SET amount = 2 WHERE sequence = 14")
        try await directory.withStore { store in
            let resumed = try store.verify(resuming: true, signatures: isSigned)
            #expect(resumed.fault == nil, "it was found good before")
            let whole = try store.verify(signatures: isSigned)
            #expect(whole.fault?.row == "14")
        }
    }

    @Test("a verification goes on from a row in the middle of a segment", arguments: 1...11 as ClosedRange<Int64>)
    func resumingAnywhere(row: Int64) async throws {
        try await fill()
        try await directory.withStore { store in
            let whole = try store.verify(signatures: isSigned)
            var cut: VerificationCheckpoint?
            _ = try Verifier.run(try store.sources(), from: nil, signatures: isSigned, stride: 1) { checkpoint in
                if checkpoint.found.sequence == row { cut = cut ?? checkpoint }
            }
            try #require(cut).save(store.checkpointFile)
            var resumed = try store.verify(resuming: true, signatures: isSigned)
            #expect(resumed.resumedAfter == row)
            resumed.resumedAfter = nil
            #expect(resumed == whole)
        }
    }

    @Test("a ledger that was put back behind an earlier verification is not gone on with in silence")
    func putBack() async throws {
        try await fill()
        let copy = directory.file("copy")
        try FileManager.default.copyItem(atPath: directory.file(Segment.name(2)), toPath: copy)
        try await directory.withStore { store in
            try await store.commit([.transfer(direct(7))])
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
        try FileManager.default.removeItem(atPath: directory.file(Segment.name(2)))
        try FileManager.default.moveItem(atPath: copy, toPath: directory.file(Segment.name(2)))
        try await directory.withStore { store in
            let fault = try #require(try store.verify(resuming: true, signatures: isSigned).fault)
            #expect(fault.table == "(checkpoint)" && fault.row == "12")
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
    }

    @Test("one that left signatures out is not gone on from by one that checks them, nor is one that cannot be read")
    func resumingOther() async throws {
        try await fill()
        try await directory.withStore { store in
            #expect(try store.verify(signatures: nil).fault == nil)
            #expect(try store.verify(resuming: true, signatures: isSigned).resumedAfter == nil)
            #expect(try store.verify(resuming: true, signatures: nil).resumedAfter == 11)
            try Data("{".utf8).write(to: URL(fileURLWithPath: store.checkpointFile))
            #expect(try store.verify(resuming: true, signatures: isSigned).resumedAfter == nil)
        }
    }

    @Test("a segment that is missing between others is missed")
    func missingSegment() async throws {
        try await fill()
        try await directory.withStore { try await $0.closeSegment() }
        try FileManager.default.removeItem(atPath: directory.file("ledger-000002.sqlite"))
        let fault = try #require(try await verify().fault)
        #expect(fault.file == "ledger-000003.sqlite" && fault.table == "segment")
    }

    @Test("a rewritten history with fresh hashes of its own is found where signatures and rules bind it")
    func forgery() async throws {
        let papers = LeasePapers(1, receipts: 2)
        var forged = papers.receipts[1]
        forged.lenderSignature = sign(forged.document, by: peer)
        try await directory.withStore { store in
            try await store.commit([.agreement(papers.agreement), .receipt(papers.receipts[0]), .receipt(forged)])
            let fault = try #require(try store.verify(signatures: isSigned).fault)
            #expect(fault.table == "receipts" && fault.row == "3" && fault.difference.contains("lender's signature"))
        }
    }

    @Test("a receipt that does not follow the one before it is found")
    func brokenReceiptChain() async throws {
        let papers = LeasePapers(1, receipts: 2)
        var skipped = papers.receipts[1].receipt
        skipped.previous = .zero
        let document = skipped.document
        let signed = SignedReceipt(receipt: skipped, document: document, lenderSignature: sign(document, by: us))
        try await directory.withStore { store in
            try await store.commit([.agreement(papers.agreement), .receipt(papers.receipts[0]), .receipt(signed)])
            let fault = try #require(try store.verify(signatures: isSigned).fault)
            #expect(fault.table == "receipts" && fault.row == "3" && fault.difference.contains("does not follow"))
        }
    }
}
