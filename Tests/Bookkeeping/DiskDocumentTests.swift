import Bookkeeping
import Resources
import Testing

@Suite("Documents about disk")
struct DiskDocumentTests {
    private static let at = Timestamp(microseconds: 1_700_000_000_000_000)

    private static func receipt(_ usage: Usage, _ charge: Charge) -> Receipt {
        Receipt(
            id: ReceiptID(high: 4, low: 1), lease: LeaseID(high: 4, low: 2), agreement: AgreementID(high: 4, low: 3),
            lender: node(2), borrower: node(1), sequence: 1, elapsed: .minutes(1), usage: usage, throttled: .zero, charge: charge,
            compensation: .zero, transfer: transferID(4), compensationTransfer: nil, amount: charge, isFinal: true,
            previous: Digest([UInt8](repeating: 0, count: 32)), issued: at)
    }

    private static func adjustment(_ amount: Charge) -> Adjustment {
        Adjustment(
            id: AdjustmentID(high: 4, low: 1), kind: .conversion, obligation: ObligationID(high: 4, low: 2), proposer: node(2),
            answerer: node(1), amount: amount, premium: 5, transfer: transferID(4), issued: at)
    }

    private static func resolution(_ amount: Charge) -> Resolution {
        Resolution(
            dispute: DisputeID(high: 4, low: 1), number: 1, proposer: node(2), answerer: node(1), outcome: .stands,
            amount: amount, isBySilence: false, transfer: transferID(4), issued: at)
    }

    private static func transferID(_ low: UInt64) -> TransferID { TransferID(high: 4, low: low) }

    private static let used = Usage(cpu: 60_000_000, memory: 61440)
    private static let stored = Usage(disk: 1_228_800)

    @Test(
        "Receipts without disk are written as ever, and those with it in a version of their own",
        arguments: [
            (receipt(used, Charge(credits: 20_000)), DocumentVectors.receipt),
            (receipt(used, Charge(inKind: used)), DocumentVectors.receiptInKind),
            (receipt(stored, Charge(credits: 1666)), DocumentVectors.receiptOfDisk),
            (receipt(stored, Charge(inKind: stored)), DocumentVectors.receiptOfDiskInKind),
        ])
    func receipts(_ receipt: Receipt, _ bytes: [UInt8]) throws {
        #expect(receipt.document == bytes)
        #expect(try Receipt(document: bytes) == receipt)
        for count in bytes.indices {
            #expect(throws: CanonicalReader.Malformed.self) { try Receipt(document: Array(bytes[..<count])) }
        }
    }

    @Test("The charge of a vector is what its disk costs")
    func charge() {
        #expect(Prices(cpu: .zero, memory: .zero, disk: 5000).cost(of: Self.stored) == 1666)
        #expect(Usage(of: Amounts(disk: .gibibytes(20)), for: .minutes(1)) == Self.stored)
    }

    @Test(
        "Adjustments without disk are written as ever, and those with it in a version of their own",
        arguments: [
            (adjustment(Charge(credits: 100, inKind: Usage(cpu: 7, memory: 8))), DocumentVectors.adjustment),
            (adjustment(Charge(credits: 100, inKind: Usage(disk: 9))), DocumentVectors.adjustmentOfDisk),
        ])
    func adjustments(_ adjustment: Adjustment, _ bytes: [UInt8]) throws {
        #expect(adjustment.document == bytes)
        #expect(try Adjustment(document: bytes) == adjustment)
    }

    @Test(
        "Resolutions without disk are written as ever, and those with it in a version of their own",
        arguments: [
            (resolution(Charge(credits: 100, inKind: Usage(cpu: 7, memory: 8))), DocumentVectors.resolution),
            (resolution(Charge(inKind: Usage(disk: 9))), DocumentVectors.resolutionOfDisk),
        ])
    func resolutions(_ resolution: Resolution, _ bytes: [UInt8]) throws {
        #expect(resolution.document == bytes)
        #expect(try Resolution(document: bytes) == resolution)
    }

    @Test("There is one way to write each: no disk in a version that has it is refused")
    func oneWay() {
        // the figures of disk are the last of each
        func without(_ bytes: [UInt8], _ figures: Int) -> [UInt8] {
            bytes.dropLast(figures * 8) + [UInt8](repeating: 0, count: figures * 8)
        }
        #expect(throws: CanonicalReader.Malformed.self) { try Receipt(document: without(DocumentVectors.receiptOfDisk, 3)) }
        #expect(throws: CanonicalReader.Malformed.self) { try Adjustment(document: without(DocumentVectors.adjustmentOfDisk, 1)) }
        #expect(throws: CanonicalReader.Malformed.self) { try Resolution(document: without(DocumentVectors.resolutionOfDisk, 1)) }
    }
}
