import Resources

/// What both should keep as a dispute: of a receipt that was paid, or of one that was never answered.
package struct DisputeNotice: Hashable, Sendable {
    package var dispute: DisputeID
    /// The receipt's document, and who has signed it.
    package var document: [UInt8]
    package var lenderSignature: Signature
    /// There when it was answered.
    package var borrowerSignature: Signature?
    package var amount: Charge
    /// At which what is in kind of it is worth credits.
    package var prices: Prices
    package var reason: String
    package var evidence: BorrowerEvidence?
    package var opened: Timestamp

    package init(
        dispute: DisputeID, document: [UInt8], lenderSignature: Signature, borrowerSignature: Signature?, amount: Charge,
        prices: Prices = .free, reason: String, evidence: BorrowerEvidence? = nil, opened: Timestamp
    ) {
        self.dispute = dispute
        self.document = document
        self.lenderSignature = lenderSignature
        self.borrowerSignature = borrowerSignature
        self.amount = amount
        self.prices = prices
        self.reason = reason
        self.evidence = evidence
        self.opened = opened
    }
}

/// A resolution's document, signed by its proposer.
package struct ResolutionOffer: Hashable, Sendable {
    package var document: [UInt8]
    package var signature: Signature

    package init(document: [UInt8], signature: Signature) {
        self.document = document
        self.signature = signature
    }
}

/// That it was taken note of and carried out. What somebody gives is not refused: an offer out of its turn is not answered, but for one
/// under a number that both have signed something else under.
package struct ResolutionReply: Hashable, Sendable {
    package var dispute: DisputeID
    package var number: Int64
    /// The answerer's.
    package var signature: Signature
    /// What both had signed under the number before, where the ledger of who offers has lost it.
    package var lost: ResolutionOffer?

    package init(dispute: DisputeID, number: Int64, signature: Signature, lost: ResolutionOffer? = nil) {
        self.dispute = dispute
        self.number = number
        self.signature = signature
        self.lost = lost
    }
}
