import Bookkeeping
import Foundation
import Resources
import Testing

@testable import LedgerStore

@Suite("Disputes in the ledger")
struct DisputeStoreTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let lease = LeaseID(high: 4, low: 1)

    private static func dispute(_ n: UInt64 = 1) -> Dispute {
        Dispute(
            id: DisputeID(high: 6, low: n), cause: .receipt, receipt: ReceiptID(high: 1, low: n), lease: lease, creditor: us,
            debtor: peer, opener: peer, amount: Charge(credits: 100, inKind: Usage(cpu: 7)), prices: Prices(cpu: 5, memory: 6),
            reason: "it is 'too much'",
            metered: LenderEvidence(usage: Usage(cpu: 9), elapsed: .seconds(1), throttled: .zero),
            held: BorrowerEvidence(plausible: Usage(cpu: 2), elapsed: .seconds(1), counted: 2), opened: start.utc)
    }

    private static func step(
        _ number: Int64, of dispute: Dispute, _ amount: Microcredits, answered: Bool = true
    ) -> SignedResolution {
        let resolution = Resolution(
            dispute: dispute.id, number: number, proposer: us, answerer: peer, outcome: .dropped, amount: Charge(credits: amount),
            isBySilence: false, transfer: TransferID(high: 7, low: UInt64(number)), issued: start.utc)
        let document = resolution.document
        return SignedResolution(
            resolution: resolution, document: document, proposerSignature: sign(document, by: us),
            answererSignature: answered ? sign(document, by: peer) : nil)
    }

    @Test("a dispute is kept as it stands, over restarts and in the next segment, and its steps are in the chain")
    func kept() async throws {
        var dispute = Self.dispute()
        let first = Self.step(1, of: dispute, 40)
        try await directory.withStore { try await $0.commit([.dispute(dispute)]) }
        dispute.apply(first.resolution, at: start.utc)
        try await directory.withStore { [dispute] store in
            #expect(try store.dispute(dispute.id) == Self.dispute())
            try await store.commit([.resolution(first), .dispute(dispute), .dispute(Self.dispute(2))])
            try await store.closeSegment()
            try await store.commit([.transfer(direct(1))])
        }
        try await directory.withStore { [dispute] store in
            #expect(try store.disputes(resolvedSince: start.utc) == [dispute, Self.dispute(2)])
            #expect(try store.disputes(lease: Self.lease).map(\.id) == [dispute.id, Self.dispute(2).id])
            #expect(
                try store.dispute(DisputeID(high: 1, low: 1)) == nil && store.disputes(lease: LeaseID(high: 1, low: 1)).isEmpty)
            let found = try store.verify(signatures: isSigned)
            #expect(found.fault == nil && found.resolutions == 1)
        }
    }

    @Test("one that was over before the time that is asked for is left out, and still found by its id")
    func over() async throws {
        var dispute = Self.dispute()
        let all = Resolution(
            dispute: dispute.id, number: 1, proposer: us, answerer: peer, outcome: .dropped, amount: dispute.amount,
            isBySilence: true, transfer: transferID(1), issued: start.utc)
        dispute.apply(all, at: moment(5).utc)
        try await directory.withStore { [dispute] store in
            try await store.commit([.dispute(dispute)])
            #expect(try store.disputes(resolvedSince: moment(5).utc) == [dispute])
            #expect(try store.disputes(resolvedSince: moment(6).utc).isEmpty)
            #expect(try store.dispute(dispute.id) == dispute)
        }
    }

    @Test("a step is written once; the same number with other content, or without one of the signatures, is refused")
    func steps() async throws {
        let dispute = Self.dispute()
        let first = Self.step(1, of: dispute, 40)
        try await directory.withStore { store in
            try await store.commit([.resolution(first)])
            try await store.commit([.resolution(first)])
            await #expect(throws: LedgerStoreError.self) { try await store.commit([.resolution(Self.step(1, of: dispute, 41))]) }
            await #expect(throws: LedgerStoreError.self) {
                try await store.commit([.resolution(Self.step(2, of: dispute, 1, answered: false))])
            }
            #expect(try store.verify(signatures: isSigned).resolutions == 1)
        }
    }

    @Test(
        "who changes a step behind its back is found",
        arguments: [
            "UPDATE resolutions SET number = 2", "UPDATE resolutions SET answerer_signature = x'00'",
            "UPDATE resolutions SET dispute = zeroblob(16)", "DELETE FROM resolutions",
        ])
    func tampered(_ sql: String) async throws {
        try await directory.withStore { store in
            try await store.commit([.resolution(Self.step(1, of: Self.dispute(), 40)), .transfer(direct(1))])
        }
        try directory.tamper("ledger-000001.sqlite", sql)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: directory.file("ledger-000001.sqlite"))
        let found = try await directory.withStore { try $0.verify(signatures: isSigned) }
        #expect(found.fault != nil)
    }
}
