import Bookkeeping
import Foundation
import GRDB
import Resources
import TestKit
import Testing

@testable import LedgerStore

/// A data directory that goes away with the test.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/surplus-test-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    /// Opens the ledger in it, lets `body` use it, and closes it.
    @discardableResult
    func withStore<Value>(_ options: LedgerStore.Options = .init(), _ body: (LedgerStore) async throws -> Value) async throws
        -> Value
    {
        let store = try LedgerStore(directory: path, options: options)
        defer { store.close() }
        return try await body(store)
    }

    /// Changes a file of the closed ledger behind its back, with the triggers that guard it out of the way meanwhile.
    func tamper(_ name: String = "ledger-000001.sqlite", _ sql: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file(name))
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        try DatabaseQueue(path: file(name), configuration: configuration).write { db in
            let triggers = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger["name"] as String)") }
            try db.execute(sql: sql)
            for trigger in triggers { try db.execute(sql: trigger["sql"]) }
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file(name))
    }
}

let peer = NodeID(high: 2, low: 1)
let us = NodeID(high: 2, low: 2)
let start = moment(0)

func moment(_ seconds: Int64) -> Moment {
    Moment(
        boot: BootID("boot-1"), instant: Instant(microseconds: seconds * 1_000_000),
        utc: Timestamp(microseconds: 1_700_000_000_000_000 + seconds * 1_000_000))
}

func transferID(_ n: Int) -> TransferID { TransferID(high: 1, low: UInt64(n)) }

func direct(_ n: Int, _ amount: Microcredits = 1) -> Transfer {
    Transfer(id: transferID(n), kind: .direct, debit: .spent, credit: .earned, amount: amount, at: start.utc)
}

func lend(_ n: Int, _ amount: Microcredits, lease: LeaseID? = nil) -> Transfer {
    Transfer(
        id: transferID(n), kind: .pending, debit: .peer(peer), credit: .earned, amount: amount, lease: lease,
        expires: Deadline(moment(60)), at: start.utc)
}

func event(_ n: Int, _ subjects: String...) -> Event {
    Event(
        at: Timestamp(microseconds: Int64(n)), kind: "test.happened", subjects: subjects, text: "number \(n)",
        details: [.init("n", "\(n)")])
}

/// Signatures of a kind that only says who signed what.
func sign(_ document: [UInt8], by node: NodeID) -> Signature {
    Signature(Array("\(node)".utf8) + Digest(sha256: document).bytes)
}

func isSigned(_ signature: Signature, _ document: [UInt8], _ node: NodeID) -> Bool { signature == sign(document, by: node) }

/// An agreement and a chain of receipts under it, the lender's side of one lease.
struct LeasePapers {
    let agreement: AgreementRecord
    private(set) var receipts: [SignedReceipt] = []

    init(_ n: UInt64, receipts count: Int) {
        let document = Array("agreement \(n)".utf8)
        agreement = AgreementRecord(
            id: AgreementID(high: 3, low: n), lease: LeaseID(high: 4, low: n), borrower: peer, lender: us, document: document,
            borrowerSignature: sign(document, by: peer), lenderSignature: sign(document, by: us), at: start.utc)
        for _ in 0..<count { receipts.append(next(n)) }
    }

    private func next(_ n: UInt64) -> SignedReceipt {
        let number = Int64(receipts.count + 1)
        let receipt = Receipt(
            id: ReceiptID(high: n, low: UInt64(number)), lease: agreement.lease, agreement: agreement.id, lender: us,
            borrower: peer, sequence: number, elapsed: .minutes(number), usage: .zero, throttled: .zero,
            charge: Charge(credits: Microcredits(number * 10)), compensation: .zero, transfer: transferID(Int(number)),
            compensationTransfer: nil, amount: 10, isFinal: false,
            previous: Digest(sha256: receipts.last?.document ?? agreement.document), issued: start.utc)
        let document = receipt.document
        return SignedReceipt(receipt: receipt, document: document, lenderSignature: sign(document, by: us))
    }
}

extension SignedReceipt {
    func cosigned(accepting amount: Charge = 10) -> SignedReceipt {
        var signed = self
        signed.borrowerSignature = sign(document, by: receipt.borrower)
        signed.accepted = amount
        return signed
    }
}
