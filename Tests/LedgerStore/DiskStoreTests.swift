import Bookkeeping
import GRDB
import Resources
import Testing

@testable import LedgerStore

@Suite("Disk in the ledger")
struct DiskStoreTests {
    private static let charge = Charge(credits: 10, inKind: Usage(disk: 7))

    @Test("What was accepted in disk is read as it was written, and is part of the chain")
    func cosigned() async throws {
        let directory = try TemporaryDirectory()
        let papers = LeasePapers(1, receipts: 1)
        var receipt = try #require(papers.receipts.first?.receipt)
        (receipt.usage, receipt.charge, receipt.amount) = (Usage(disk: 7), Self.charge, Self.charge)
        let issued = SignedReceipt(
            receipt: receipt, document: receipt.document, lenderSignature: sign(receipt.document, by: us))
        let signed = issued.cosigned(accepting: Self.charge)
        try await directory.withStore { try await $0.commit([.agreement(papers.agreement), .receipt(signed)]) }
        try await directory.withStore { store in
            let accepted = try store.receipts(lease: papers.agreement.lease).last?.accepted
            #expect(accepted == Self.charge)
            #expect(try store.verify(signatures: isSigned).fault == nil)
        }
        try directory.tamper("ledger-000001.sqlite", "UPDATE cosignatures SET accepted_disk_time = 8")
        let fault = try await directory.withStore { try $0.verify(signatures: isSigned).fault }
        #expect(fault != nil)
    }

    @Test("What has no disk is hashed as before there was any")
    func chain() {
        func bytes(_ charge: Charge) -> [UInt8] {
            Cosignature(receipt: ReceiptID(high: 1, low: 1), signature: Signature([1]), accepted: charge).chainDocument
        }
        let plain = bytes(Charge(credits: 10, inKind: Usage(cpu: 1, memory: 2)))
        var writer = CanonicalWriter(kind: "surplus.ledger.cosignature", version: 2)
        writer.write(ReceiptID(high: 1, low: 1))
        writer.write([1] as [UInt8])
        writer.write(true)
        for figure in [10, 1, 2] as [Int64] { writer.write(figure) }
        #expect(plain == writer.bytes)
        #expect(bytes(Charge(credits: 10, inKind: Usage(cpu: 1, memory: 2, disk: 3))) != plain)
    }
}
