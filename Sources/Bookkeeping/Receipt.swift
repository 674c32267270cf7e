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
    /// What was used; of a half of a swap what was set aside, for that is what the other half is given for.
    package var usage: Usage
    /// Time spent throttled below the floor: neither billed nor counted against the term.
    package var throttled: Microseconds
    /// What the usage comes to by the agreement's tariff, rounded down.
    package var charge: Charge
    /// What the lender pays for ending the lease before its notice had run out.
    package var compensation: Microcredits
    /// The transfer that settles `amount` in both ledgers; those in other units, and of further parts, follow it.
    package var transfer: TransferID
    /// The transfer that pays `compensation`, on the final receipt only.
    package var compensationTransfer: TransferID?
    /// `charge` minus what earlier receipts settled.
    package var amount: Charge
    package var isFinal: Bool
    /// Hash of the previous receipt's document, or of the agreement's.
    package var previous: Digest
    package var issued: Timestamp

    package init(
        id: ReceiptID, lease: LeaseID, agreement: AgreementID, lender: NodeID, borrower: NodeID, sequence: Int64,
        elapsed: Microseconds, usage: Usage, throttled: Microseconds, charge: Charge, compensation: Microcredits,
        transfer: TransferID, compensationTransfer: TransferID?, amount: Charge, isFinal: Bool, previous: Digest,
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

    /// The bytes that are hashed and signed: version 2 of the kind has what is due in kind, version 3 disk as well.
    package var document: [UInt8] {
        // What older nodes know is written as ever, so that they can read and sign it.
        let isInKind = charge.inKind != .zero || amount.inKind != .zero
        var writer = CanonicalWriter(kind: Self.kind, version: hasDisk ? 3 : isInKind ? 2 : 1)
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
        writer.write(charge.credits)
        writer.write(compensation)
        writer.write(transfer)
        writer.write(compensationTransfer != nil)
        if let compensationTransfer { writer.write(compensationTransfer) }
        writer.write(amount.credits)
        writer.write(isFinal)
        writer.write(previous.bytes)
        writer.write(issued)
        if writer.version > 1 {
            for usage in [charge.inKind, amount.inKind] {
                writer.write(usage.cpu)
                writer.write(usage.memory)
            }
        }
        if writer.version > 2 { for usage in [usage, charge.inKind, amount.inKind] { writer.write(usage.disk) } }
        return writer.bytes
    }

    private var hasDisk: Bool { [usage, charge.inKind, amount.inKind].contains { $0.disk != .zero } }

    /// Reads a document received from a peer.
    ///
    /// - Throws: ``CanonicalReader/Malformed`` when it is no receipt, or a figure is negative or out of ``Bounds``.
    package init(document: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(document, kind: Self.kind, versions: 1...3)
        id = try reader.identifier()
        lease = try reader.identifier()
        agreement = try reader.identifier()
        lender = try reader.identifier()
        borrower = try reader.identifier()
        sequence = try reader.integer()
        elapsed = try reader.quantity()
        usage = Usage(cpu: try reader.quantity(), memory: try reader.quantity())
        throttled = try reader.quantity()
        charge = Charge(credits: try reader.quantity())
        compensation = try reader.quantity()
        transfer = try reader.identifier()
        compensationTransfer = try reader.bool() ? try reader.identifier() : nil
        amount = Charge(credits: try reader.quantity())
        isFinal = try reader.bool()
        let hash = try reader.data(atMost: 32)
        guard hash.count == 32 else { throw CanonicalReader.Malformed(description: "a previous hash of \(hash.count) bytes") }
        previous = Digest(hash)
        issued = try reader.timestamp()
        if reader.version > 1 {
            charge.inKind = Usage(cpu: try reader.quantity(), memory: try reader.quantity())
            amount.inKind = Usage(cpu: try reader.quantity(), memory: try reader.quantity())
        }
        if reader.version > 2 {
            usage.disk = try reader.quantity()
            charge.inKind.disk = try reader.quantity()
            amount.inKind.disk = try reader.quantity()
        }
        // There is one way to write each receipt.
        guard reader.version != 2 || charge.inKind != .zero || amount.inKind != .zero else {
            throw .init(description: "nothing in kind in version 2")
        }
        guard reader.version != 3 || hasDisk else { throw .init(description: "no disk in version 3") }
        try reader.finish()
        try checkRanges()
    }

    /// A hundred thousand cores, and a pebibyte of memory and of disk, for the longest term.
    private static let mostUsage = Usage(
        of: Amounts(cpu: .cores(100_000), memory: Bounds.memory, disk: Bounds.disk), for: Bounds.term)

    private func checkRanges() throws(CanonicalReader.Malformed) {
        let range = LedgerAmount.zero...LedgerAmount.most
        guard sequence > 0, sequence < 1 << 32 else { throw .init(description: "receipt number \(sequence)") }
        let amounts = Charge.units.flatMap { [charge[$0], amount[$0]] } + [LedgerAmount(compensation)]
        for value in amounts where !range.contains(value) { throw .init(description: "an amount of \(value)") }
        guard usage.isNatural, elapsed >= .zero, throttled >= .zero else {
            throw .init(description: "a negative measure")
        }
        guard usage.fits(in: Self.mostUsage), elapsed <= Bounds.term * 2, throttled <= Bounds.term * 2 else {
            throw .init(description: "a measure out of range")
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
    package var accepted: Charge?

    package init(
        receipt: Receipt, document: [UInt8], lenderSignature: Signature, borrowerSignature: Signature? = nil,
        accepted: Charge? = nil
    ) {
        self.receipt = receipt
        self.document = document
        self.lenderSignature = lenderSignature
        self.borrowerSignature = borrowerSignature
        self.accepted = accepted
    }
}
