import Bookkeeping
import Resources

// The canonical bytes of the ledger's rows, as its chain of hashes covers them; those of transfers are in Bookkeeping.

extension AgreementRecord {
    var chainDocument: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.ledger.agreement")
        writer.write(id)
        writer.write(lease)
        writer.write(borrower)
        writer.write(lender)
        writer.write(document)
        writer.write(borrowerSignature.bytes)
        writer.write(lenderSignature.bytes)
        writer.write(at)
        return writer.bytes
    }
}

extension SignedReceipt {
    /// As the lender issued it.
    var chainDocument: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.ledger.receipt")
        writer.write(receipt.id)
        writer.write(receipt.lease)
        writer.write(receipt.sequence)
        writer.write(document)
        writer.write(lenderSignature.bytes)
        return writer.bytes
    }
}

/// The borrower's answer to a receipt, a row of its own.
struct Cosignature: Hashable, Sendable {
    let receipt: ReceiptID
    let signature: Signature
    let accepted: Charge?

    /// `nil` when the receipt is not co-signed.
    init?(_ signed: SignedReceipt) {
        guard let signature = signed.borrowerSignature else { return nil }
        self.init(receipt: signed.receipt.id, signature: signature, accepted: signed.accepted)
    }

    init(receipt: ReceiptID, signature: Signature, accepted: Charge?) {
        self.receipt = receipt
        self.signature = signature
        self.accepted = accepted
    }

    /// What was accepted in kind; `nil` where nothing was.
    var inKind: Usage? { accepted.flatMap { $0.inKind == .zero ? nil : $0.inKind } }

    /// Version 2 of the kind has what was accepted in kind, version 3 disk as well.
    var chainDocument: [UInt8] {
        let hasDisk = inKind.map { $0.disk != .zero } ?? false
        var writer = CanonicalWriter(kind: "surplus.ledger.cosignature", version: hasDisk ? 3 : inKind == nil ? 1 : 2)
        writer.write(receipt)
        writer.write(signature.bytes)
        writer.write(accepted != nil)
        if let accepted { writer.write(accepted.credits) }
        if let inKind {
            writer.write(inKind.cpu)
            writer.write(inKind.memory)
            if hasDisk { writer.write(inKind.disk) }
        }
        return writer.bytes
    }
}

extension SignedAdjustment {
    /// As both signed it.
    var chainDocument: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.ledger.adjustment")
        writer.write(document)
        writer.write(proposerSignature.bytes)
        writer.write(answererSignature?.bytes ?? [])
        writer.write(accepted ?? .zero)
        return writer.bytes
    }
}

extension KeptCheckpoint {
    /// As both signed it, and what of this ledger it leaves.
    var chainDocument: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.ledger.checkpoint")
        writer.write(signed.document)
        writer.write(signed.firstSignature.bytes)
        writer.write(signed.secondSignature.bytes)
        writer.write(next)
        return writer.bytes
    }
}

/// The last row of a closed segment.
struct Closing: Hashable, Sendable {
    /// Digest of the balances and open reservations handed on.
    let tally: Digest
    let at: Timestamp

    var chainDocument: [UInt8] {
        var writer = CanonicalWriter(kind: "surplus.ledger.closing")
        writer.write(tally.bytes)
        writer.write(at)
        return writer.bytes
    }
}

extension Tally {
    /// Digest of all balances and open reservations, in order.
    var digest: Digest {
        var writer = CanonicalWriter(kind: "surplus.ledger.tally")
        for entry in entries {
            writer.write(entry.line.unit.rawValue)
            writer.write(entry.line.account.description)
            writer.write(entry.balance.debitsPosted)
            writer.write(entry.balance.creditsPosted)
            writer.write(entry.balance.debitsPending)
            writer.write(entry.balance.creditsPending)
        }
        for reservation in reservations {
            writer.write(reservation.transfer.document)
            writer.write(reservation.posted)
        }
        return Digest(sha256: writer.bytes)
    }
}
