import Resources

/// What was signed of something, for whoever asks about it when nobody has it at hand any more.
package enum RecallSubject: Hashable, Sendable {
    case receipt(ReceiptID, under: AgreementID)
    case adjustment(AdjustmentID)
    case resolution(DisputeID, number: Int64)
}

/// What the ledger has of the subject of a question.
package struct Recalled: Sendable {
    package var receipt: SignedReceipt?
    package var agreement: AgreementRecord?
    package var adjustment: SignedAdjustment?
    package var resolution: SignedResolution?

    package init(
        receipt: SignedReceipt? = nil, agreement: AgreementRecord? = nil, adjustment: SignedAdjustment? = nil,
        resolution: SignedResolution? = nil
    ) {
        self.receipt = receipt
        self.agreement = agreement
        self.adjustment = adjustment
        self.resolution = resolution
    }
}
