import Resources

/// A binding offer on the lender: the capacity it promises is set aside until it is taken up, withdrawn or lapses.
package struct Hold: Hashable, Codable, Sendable {
    package let negotiation: NegotiationID
    package let round: Int
    package let borrower: NodeID
    /// Who asks on the borrower's side.
    package let user: String
    package let terms: Terms
    package let until: Deadline
    /// What this node will lend in return for what it has accepted itself; no message of a peer takes it up.
    package var isReturn: Bool { returns ?? false }
    private let returns: Bool?

    package init(
        negotiation: NegotiationID, round: Int, borrower: NodeID, user: String, terms: Terms, until: Deadline,
        isReturn: Bool = false
    ) {
        self.negotiation = negotiation
        self.round = round
        self.borrower = borrower
        self.user = user
        self.terms = terms
        self.until = until
        returns = isReturn ? true : nil
    }
}

/// An agreement the lender has said no to. Kept for longer than any message can be under way, so that a late
/// acceptance is never committed after its borrower was told no.
package struct RefusedAgreement: Hashable, Codable, Sendable {
    package let id: AgreementID
    package let borrower: NodeID
    package let refusal: Refusal
    package let until: Deadline

    package init(id: AgreementID, borrower: NodeID, refusal: Refusal, until: Deadline) {
        self.id = id
        self.borrower = borrower
        self.refusal = refusal
        self.until = until
    }
}

/// A lender's side of a conversation that has not led to a binding offer. Lost in a crash without harm.
package struct LenderTalk: Hashable, Sendable {
    package let borrower: NodeID
    /// The answer last given, to be repeated when the same round is asked again.
    package var answer: Answer
    package var until: Deadline

    package init(borrower: NodeID, answer: Answer, until: Deadline) {
        self.borrower = borrower
        self.answer = answer
        self.until = until
    }
}
