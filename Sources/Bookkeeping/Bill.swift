import Resources

/// The running account of one lease, on either side: which receipts there were, and how much they came to.
///
/// Lender and borrower apply the same rule, `amount = tariff(cumulative usage), rounded down - what earlier receipts covered`,
/// so that a lost receipt is made good by the next one and rounding never accumulates.
package struct Bill: Hashable, Codable, Sendable {
    package let lease: LeaseID
    package let agreement: AgreementID
    package let lender: NodeID
    package let borrower: NodeID
    package let prices: Prices
    /// What is given in return, where it is not credits alone.
    package let consideration: Consideration?
    /// Of a swap: all that this half of it gives.
    private let whole: Usage?
    /// Number of receipts answered so far.
    package private(set) var sequence: Int64 = 0
    /// Hash of the last answered receipt, or of the agreement before the first.
    package private(set) var head: Digest
    /// The cumulative charge that answered receipts cover, accepted or disputed.
    package private(set) var charged = Charge.zero
    /// How much of `charged` the borrower did not accept.
    package private(set) var disputed = Charge.zero
    package private(set) var compensation = Microcredits.zero
    package private(set) var usage = Usage.zero
    package private(set) var isFinal = false
    /// The lender's receipt that awaits an answer. At most one, so that the chain has no forks.
    package private(set) var outstanding: SignedReceipt?
    /// The receipt the borrower answered last, to be answered alike when it comes again.
    package private(set) var answered: SignedReceipt?

    package init(
        lease: LeaseID, agreement: AgreementID, lender: NodeID, borrower: NodeID, tariff: Tariff, agreementHash: Digest
    ) {
        self.lease = lease
        self.agreement = agreement
        self.lender = lender
        self.borrower = borrower
        prices = tariff.prices
        consideration = tariff.consideration
        whole = tariff.whole
        head = agreementHash
    }

    /// What has been accepted so far.
    package var accepted: Charge { charged - disputed }

    package var tariff: Tariff { Tariff(prices, consideration, whole: whole) }
}

// MARK: - The lender draws receipts

extension Bill {
    /// What a new receipt states.
    package struct Statement: Hashable, Sendable {
        package var receipt: ReceiptID
        package var transfer: TransferID
        package var compensationTransfer: TransferID?
        package var elapsed: Microseconds
        package var usage: Usage
        package var throttled: Microseconds
        package var compensation: Microcredits
        package var isFinal: Bool
        package var issued: Timestamp

        package init(
            receipt: ReceiptID, transfer: TransferID, compensationTransfer: TransferID? = nil, elapsed: Microseconds,
            usage: Usage, throttled: Microseconds = .zero, compensation: Microcredits = .zero, isFinal: Bool,
            issued: Timestamp
        ) {
            self.receipt = receipt
            self.transfer = transfer
            self.compensationTransfer = compensationTransfer
            self.elapsed = elapsed
            self.usage = usage
            self.throttled = throttled
            self.compensation = compensation
            self.isFinal = isFinal
            self.issued = issued
        }
    }

    /// Draws up and signs the next receipt, which is then outstanding until ``settle(_:accepted:)``.
    ///
    /// - Precondition: none is outstanding, the last was not final, and usage has not shrunk.
    package mutating func draw(_ statement: Statement, notary: some Notary) -> SignedReceipt {
        precondition(outstanding == nil && !isFinal, "receipt \(sequence) of \(lease) is not answered yet, or was the last")
        precondition(usage.fits(in: statement.usage), "usage of \(lease) shrank")
        let charge = tariff.charge(for: statement.usage)
        let receipt = Receipt(
            id: statement.receipt, lease: lease, agreement: agreement, lender: lender, borrower: borrower,
            sequence: sequence + 1, elapsed: statement.elapsed, usage: statement.usage, throttled: statement.throttled,
            charge: charge, compensation: statement.compensation, transfer: statement.transfer,
            compensationTransfer: statement.compensationTransfer, amount: charge - charged, isFinal: statement.isFinal,
            previous: head, issued: statement.issued)
        let document = receipt.document
        let signed = SignedReceipt(receipt: receipt, document: document, lenderSignature: notary.sign(document))
        outstanding = signed
        return signed
    }

    /// The borrower's answer to the outstanding receipt has come; returns it complete, or `nil` when the answer is to
    /// another receipt or not signed by the borrower.
    package mutating func settle(
        _ id: ReceiptID, signature: Signature, accepted: Charge, notary: some Notary
    ) -> SignedReceipt? {
        guard
            var signed = outstanding, signed.receipt.id == id,
            accepted.isNatural, accepted.fits(in: signed.receipt.amount),
            notary.verify(signature, over: signed.document, by: borrower)
        else { return nil }
        signed.borrowerSignature = signature
        signed.accepted = accepted
        outstanding = nil
        advance(over: signed, accepted: accepted, notary: notary)
        return signed
    }
}

// MARK: - The borrower examines them

extension Bill {
    /// Why a receipt cannot be answered at all, as opposed to disputed.
    package enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
        /// It concerns another lease or other parties, or its signature is not the lender's.
        case forged(String)
        /// It repeats a number with other content, or does not follow the chain.
        case conflicting(String)
        /// It was answered long ago.
        case outdated

        package var description: String {
            switch self {
            case .forged(let why): "a forged receipt: \(why)"
            case .conflicting(let why): "a conflicting receipt: \(why)"
            case .outdated: "an outdated receipt"
            }
        }
    }

    package enum Finding: Hashable, Sendable {
        /// It was answered before: answer the same again.
        case repeated(SignedReceipt)
        /// New: `accepted` of its amount is plausible; `dispute` says why not all of it.
        case new(SignedReceipt, accepted: Charge, dispute: Refusal?)
    }

    /// Examines a receipt as the borrower.
    ///
    /// - Parameter plausible: the most the lease can have used by the borrower's own clock.
    /// - Parameter reserved: what is still reserved for it.
    package func examine(
        document: [UInt8], signature: Signature, plausible: Usage, reserved: Charge, notary: some Notary
    ) throws(Fault) -> Finding {
        let receipt: Receipt
        do { receipt = try Receipt(document: document) } catch { throw .forged(error.description) }
        guard receipt.lease == lease, receipt.agreement == agreement, receipt.lender == lender, receipt.borrower == borrower
        else { throw .forged("other parties than the agreement's") }
        guard notary.verify(signature, over: document, by: lender) else { throw .forged("not signed by its lender") }
        if let answered, receipt.sequence == sequence {
            guard answered.document == document else { throw .conflicting("number \(sequence) came with other content") }
            return .repeated(answered)
        }
        guard receipt.sequence > sequence else { throw .outdated }
        try checkChain(receipt)
        let signed = SignedReceipt(receipt: receipt, document: document, lenderSignature: signature)
        let believable = tariff.charge(for: receipt.usage.limited(to: plausible))
        let accepted = receipt.amount.limited(to: (believable - charged).clampedToZero).limited(to: reserved)
        if accepted == receipt.amount { return .new(signed, accepted: accepted, dispute: nil) }
        let term = receipt.charge.fits(in: believable) ? "reservation" : "usage"
        return .new(
            signed, accepted: accepted,
            dispute: Refusal(
                term: term,
                reason:
                    "\(receipt.amount.text) billed, \(accepted.text) plausible: \(receipt.usage.cpu) of at most \(plausible.cpu)")
        )
    }

    /// Records that a new receipt was answered; returns it co-signed.
    package mutating func answer(_ signed: SignedReceipt, accepted: Charge, notary: some Notary) -> SignedReceipt {
        var signed = signed
        signed.borrowerSignature = notary.sign(signed.document)
        signed.accepted = accepted
        answered = signed
        advance(over: signed, accepted: accepted, notary: notary)
        return signed
    }

    private func checkChain(_ receipt: Receipt) throws(Fault) {
        guard receipt.sequence == sequence + 1, receipt.previous == head else {
            throw .conflicting("number \(receipt.sequence) does not follow number \(sequence)")
        }
        guard !isFinal else { throw .conflicting("the final receipt was answered") }
        guard usage.fits(in: receipt.usage), receipt.charge == tariff.charge(for: receipt.usage),
            receipt.amount == receipt.charge - charged
        else { throw .conflicting("its amount is not its usage at the agreed tariff") }
        guard receipt.compensation == .zero || receipt.isFinal && receipt.compensationTransfer != nil else {
            throw .conflicting("compensation outside the final receipt")
        }
    }

    private mutating func advance(over signed: SignedReceipt, accepted: Charge, notary: some Notary) {
        let receipt = signed.receipt
        sequence = receipt.sequence
        head = notary.digest(signed.document)
        charged = receipt.charge
        disputed += receipt.amount - accepted
        compensation = receipt.compensation
        usage = receipt.usage
        isFinal = receipt.isFinal
    }
}
