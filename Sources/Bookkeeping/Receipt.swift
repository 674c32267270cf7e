import Resources

/// A lender's statement of what a lease has used and costs so far, to be co-signed by the borrower.
///
/// All figures but `amount` are cumulative over the lease, so a lost receipt is made good by the next. Receipts of a
/// lease chain by hash, beginning with the hash of its agreement.
package struct Receipt: Hashable, Codable, Sendable {
    package var id: ReceiptID
    package var lease: LeaseID
    package var agreement: AgreementID
    package var lender: NodeID
    package var borrower: NodeID
    /// 1, 2, 3, ... within the lease.
    package var sequence: Int64
    /// Time since the grant.
    package var elapsed: Microseconds
    package var usage: Usage
    /// Time spent throttled below the floor: neither billed nor counted against the term.
    package var throttled: Microseconds
    /// floor(usage x prices).
    package var charge: Microcredits
    /// What the lender pays for ending the lease before its notice had run out.
    package var compensation: Microcredits
    /// The transfer that settles `amount` in both ledgers.
    package var transfer: TransferID
    /// The transfer that pays `compensation`, on the final receipt only.
    package var compensationTransfer: TransferID?
    /// `charge` minus what earlier receipts settled.
    package var amount: Microcredits
    package var isFinal: Bool
    /// Hash of the previous receipt's document, or of the agreement's.
    package var previous: Digest
    package var issued: Timestamp

    package init(
        id: ReceiptID, lease: LeaseID, agreement: AgreementID, lender: NodeID, borrower: NodeID, sequence: Int64,
        elapsed: Microseconds, usage: Usage, throttled: Microseconds, charge: Microcredits, compensation: Microcredits,
        transfer: TransferID, compensationTransfer: TransferID?, amount: Microcredits, isFinal: Bool, previous: Digest,
        issued: Timestamp
    ) {
        self.id = id
        self.lease = lease
        self.agreement = agreement
        self.lender = lender
        self.borrower = borrower
        self.sequence = sequence
        self.elapsed = elapsed
        self.usage = usage
        self.throttled = throttled
        self.charge = charge
        self.compensation = compensation
        self.transfer = transfer
        self.compensationTransfer = compensationTransfer
        self.amount = amount
        self.isFinal = isFinal
        self.previous = previous
        self.issued = issued
    }
}

extension Receipt {
    private static let kind = "surplus.receipt"

    /// The bytes that are hashed and signed.
    package var document: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(id)
        writer.write(lease)
        writer.write(agreement)
        writer.write(lender)
        writer.write(borrower)
        writer.write(sequence)
        writer.write(elapsed)
        writer.write(usage.cpu)
        writer.write(usage.memory)
        writer.write(throttled)
        writer.write(charge)
        writer.write(compensation)
        writer.write(transfer)
        writer.write(compensationTransfer != nil)
        if let compensationTransfer { writer.write(compensationTransfer) }
        writer.write(amount)
        writer.write(isFinal)
        writer.write(previous.bytes)
        writer.write(issued)
        return writer.bytes
    }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no receipt, or a figure is negative or out of ``Bounds``.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind)
        id = try reader.identifier()
        lease = try reader.identifier()
        agreement = try reader.identifier()
        lender = try reader.identifier()
        borrower = try reader.identifier()
        sequence = try reader.integer()
        elapsed = try reader.quantity()
        usage = Usage(cpu: try reader.quantity(), memory: try reader.quantity())
        throttled = try reader.quantity()
        charge = try reader.quantity()
        compensation = try reader.quantity()
        transfer = try reader.identifier()
        compensationTransfer = try reader.bool() ? try reader.identifier() : nil
        amount = try reader.quantity()
        isFinal = try reader.bool()
        let hash = try reader.data(atMost: 32)
        guard hash.count == 32 else { throw CanonicalReader.Malformed(description: "a previous hash of \(hash.count) bytes") }
        previous = Digest(hash)
        issued = try reader.timestamp()
        try reader.finish()
        try checkRanges()
    }

    private func checkRanges() throws(CanonicalReader.Malformed) {
        let money = Microcredits.zero...Bounds.money
        guard sequence > 0, sequence < 1 << 32 else { throw .init(description: "receipt number \(sequence)") }
        for value in [charge, compensation, amount] where !money.contains(value) {
            throw .init(description: "an amount of \(value)")
        }
        guard usage.cpu >= .zero, usage.memory >= .zero, elapsed >= .zero, throttled >= .zero else {
            throw .init(description: "a negative measure")
        }
    }
}

/// A receipt with the signatures over its document. The borrower's is there once it was accepted.
package struct SignedReceipt: Hashable, Codable, Sendable {
    package var receipt: Receipt
    package var document: [UInt8]
    package var lenderSignature: Signature
    package var borrowerSignature: Signature?
    /// How much of `receipt.amount` the borrower accepted; the rest is in dispute.
    package var accepted: Microcredits?

    package init(
        receipt: Receipt, document: [UInt8], lenderSignature: Signature, borrowerSignature: Signature? = nil,
        accepted: Microcredits? = nil
    ) {
        self.receipt = receipt
        self.document = document
        self.lenderSignature = lenderSignature
        self.borrowerSignature = borrowerSignature
        self.accepted = accepted
    }
}
