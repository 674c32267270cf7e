import Bookkeeping
import Crypto
import Identity
import LedgerStore
import Resources

import struct Resources.Digest

/// Agreements and chains of co-signed receipts, signed as nodes do.
struct SignedPapers {
    private let lender = ReceiptNotary(node: NodeID(high: 2, low: 1), key: Curve25519.Signing.PrivateKey())
    private let borrower = ReceiptNotary(node: NodeID(high: 2, low: 2), key: Curve25519.Signing.PrivateKey())
    private(set) var records: [Record] = []
    /// How many signatures are on them.
    private(set) var signatures = 0

    init(leases: UInt64, receipts: Int64) {
        for lease in 1...leases {
            let agreement = agreement(lease)
            records.append(.agreement(agreement))
            var previous = agreement.document
            for number in 1...receipts {
                let receipt = receipt(number, under: agreement, after: previous)
                records.append(.receipt(receipt))
                previous = receipt.document
            }
        }
        signatures = Int(leases) * Int(1 + receipts) * 2
    }

    /// Whether a signature is by who it should be by.
    func check(_ signature: Signature, _ document: [UInt8], _ node: NodeID) -> Bool {
        (node == Self.lenderID ? lender : borrower).verify(signature, over: document, by: node)
    }

    private static let lenderID = NodeID(high: 2, low: 1)
    private static let borrowerID = NodeID(high: 2, low: 2)
    private static let time = Timestamp(microseconds: 1_700_000_000_000_000)

    private func agreement(_ n: UInt64) -> AgreementRecord {
        // about as long as one of two nodes
        let document = [UInt8](repeating: UInt8(truncatingIfNeeded: n), count: 400)
        return AgreementRecord(
            id: AgreementID(high: 3, low: n), lease: LeaseID(high: 4, low: n), borrower: Self.borrowerID,
            lender: Self.lenderID, document: document, borrowerSignature: borrower.sign(document),
            lenderSignature: lender.sign(document), at: Self.time)
    }

    private func receipt(_ number: Int64, under agreement: AgreementRecord, after previous: [UInt8]) -> SignedReceipt {
        let receipt = Receipt(
            id: ReceiptID(high: agreement.id.low, low: UInt64(number)), lease: agreement.lease, agreement: agreement.id,
            lender: Self.lenderID, borrower: Self.borrowerID, sequence: number, elapsed: .minutes(number), usage: .zero,
            throttled: .zero, charge: Charge(credits: Microcredits(number * 10)), compensation: .zero,
            transfer: TransferID(high: agreement.id.low, low: UInt64(number)), compensationTransfer: nil,
            amount: Charge(credits: 10), isFinal: false, previous: lender.digest(previous), issued: Self.time)
        let document = receipt.document
        var signed = SignedReceipt(receipt: receipt, document: document, lenderSignature: lender.sign(document))
        signed.borrowerSignature = borrower.sign(document)
        signed.accepted = receipt.amount
        return signed
    }
}
