import Resources

/// What agents say to each other about trades. Delivery may lose, repeat and reorder; every message is harmless
/// when it comes twice.
package enum TradeMessage: Hashable, Sendable {
    case propose(Proposal)
    case answer(Answer)
    case withdraw(NegotiationID)
    case accept(Acceptance)
    case committed(Commitment)
    case declined(AgreementID, Refusal)
    /// "Did you commit this?" After a no, the lender can never commit it.
    case inquire(AgreementID)
    case renew(Renewal)
    case renewed(RenewalAnswer)
    case release(LeaseID)
    /// The owner takes the lease back when the given time has passed.
    case reclaim(LeaseID, remaining: Microseconds, reason: String)
    /// The lender gives so much of the lease from now on.
    case resized(LeaseID, Amounts, reason: String)
    case closed(LeaseID, Lease.EndReason, detail: String)
    case receipt(ReceiptOffer)
    case receiptAnswer(ReceiptReply)
    case claims([LeaseClaim])
    case adjust(AdjustmentOffer)
    case adjusted(AdjustmentReply)
    /// The sender opens a dispute.
    case dispute(DisputeNotice)
    /// It was taken note of, or why not.
    case disputeAnswer(DisputeID, Refusal?)
    case resolve(ResolutionOffer)
    case resolved(ResolutionReply)
    /// About debts that go round in a cycle.
    case netting(NettingMessage)
    /// About what both ledgers have of each other.
    case reconciliation(ReconciliationMessage)
    /// About credits that stood idle.
    case decay(DecayMessage)

    /// One word for logs and statistics.
    package var name: String {
        switch self {
        case .propose: "propose"
        case .answer: "answer"
        case .withdraw: "withdraw"
        case .accept: "accept"
        case .committed: "committed"
        case .declined: "declined"
        case .inquire: "inquire"
        case .renew: "renew"
        case .renewed: "renewed"
        case .release: "release"
        case .reclaim: "reclaim"
        case .resized: "resized"
        case .closed: "closed"
        case .receipt: "receipt"
        case .receiptAnswer: "receipt-answer"
        case .claims: "claims"
        case .adjust: "adjust"
        case .adjusted: "adjusted"
        case .dispute: "dispute"
        case .disputeAnswer: "dispute-answer"
        case .resolve: "resolve"
        case .resolved: "resolved"
        case .netting(let message): message.name
        case .reconciliation(let message): message.name
        case .decay(let message): message.name
        }
    }
}

/// A borrower asks: `terms` are what it wants and the most it pays, `least` what it could do with.
package struct Proposal: Hashable, Sendable {
    package var negotiation: NegotiationID
    /// 1...``Negotiating/rounds``.
    package var round: Int
    package var terms: Terms
    package var least: Amounts
    package var user: String

    package init(negotiation: NegotiationID, round: Int, terms: Terms, least: Amounts, user: String) {
        self.negotiation = negotiation
        self.round = round
        self.terms = terms
        self.least = least
        self.user = user
    }
}

/// A lender's answer to one round of a proposal.
package struct Answer: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Binding for `timeToLive`; holds the capacity. `creditLimit` is what the lender lets this borrower owe.
        case offered(Terms, timeToLive: Microseconds, creditLimit: Microcredits)
        case countered(Terms, reason: String)
        case rejected(Refusal)
    }

    package var negotiation: NegotiationID
    package var round: Int
    package var outcome: Outcome

    package init(negotiation: NegotiationID, round: Int, outcome: Outcome) {
        self.negotiation = negotiation
        self.round = round
        self.outcome = outcome
    }
}

package struct Acceptance: Hashable, Sendable {
    package var negotiation: NegotiationID
    package var agreement: SignedAgreement

    package init(negotiation: NegotiationID, agreement: SignedAgreement) {
        self.negotiation = negotiation
        self.agreement = agreement
    }
}

/// The lender's durable commit, with both signatures and what is left of the term at its sending.
package struct Commitment: Hashable, Sendable {
    package var agreement: SignedAgreement
    package var remaining: Microseconds

    package init(agreement: SignedAgreement, remaining: Microseconds) {
        self.agreement = agreement
        self.remaining = remaining
    }
}

package struct Renewal: Hashable, Sendable {
    package var lease: LeaseID
    /// 1 for the first renewal: the number makes a resend harmless.
    package var number: Int
    package var span: Microseconds
    /// The transfer that reserves what the extension can cost.
    package var reservation: TransferID

    package init(lease: LeaseID, number: Int, span: Microseconds, reservation: TransferID) {
        self.lease = lease
        self.number = number
        self.span = span
        self.reservation = reservation
    }

    /// - Parameter refusal: `nil` when the lease was renewed.
    package func answer(_ refusal: Refusal? = nil) -> RenewalAnswer {
        RenewalAnswer(lease: lease, number: number, reservation: reservation, refusal: refusal)
    }
}

package struct RenewalAnswer: Hashable, Sendable {
    package var lease: LeaseID
    package var number: Int
    /// That of the attempt which is answered: one that was refused may be made again under the same number.
    package var reservation: TransferID
    /// `nil` when it was renewed.
    package var refusal: Refusal?

    package init(lease: LeaseID, number: Int, reservation: TransferID, refusal: Refusal? = nil) {
        self.lease = lease
        self.number = number
        self.reservation = reservation
        self.refusal = refusal
    }
}

/// A receipt's document, signed by the lender.
package struct ReceiptOffer: Hashable, Sendable {
    package var document: [UInt8]
    package var lenderSignature: Signature

    package init(document: [UInt8], lenderSignature: Signature) {
        self.document = document
        self.lenderSignature = lenderSignature
    }
}

package struct ReceiptReply: Hashable, Sendable {
    package var receipt: ReceiptID
    package var borrowerSignature: Signature
    /// How much of the receipt's amount is accepted.
    package var accepted: Charge
    /// Why not all of it.
    package var dispute: Refusal?
    /// What speaks against the rest.
    package var evidence: BorrowerEvidence?

    package init(
        receipt: ReceiptID, borrowerSignature: Signature, accepted: Charge, dispute: Refusal? = nil,
        evidence: BorrowerEvidence? = nil
    ) {
        self.receipt = receipt
        self.borrowerSignature = borrowerSignature
        self.accepted = accepted
        self.dispute = dispute
        self.evidence = evidence
    }
}

/// An adjustment's document, signed by its proposer.
package struct AdjustmentOffer: Hashable, Sendable {
    package var document: [UInt8]
    package var signature: Signature

    package init(document: [UInt8], signature: Signature) {
        self.document = document
        self.signature = signature
    }
}

package struct AdjustmentReply: Hashable, Sendable {
    package var adjustment: AdjustmentID
    package var obligation: ObligationID
    /// How much of the premium is accepted.
    package var accepted: Microcredits
    /// There when it is agreed to.
    package var signature: Signature?
    /// Why it is not agreed to, or not to all of the premium.
    package var refusal: Refusal?

    package init(
        adjustment: AdjustmentID, obligation: ObligationID, accepted: Microcredits = .zero, signature: Signature? = nil,
        refusal: Refusal? = nil
    ) {
        self.adjustment = adjustment
        self.obligation = obligation
        self.accepted = accepted
        self.signature = signature
        self.refusal = refusal
    }
}

/// What the sender believes about one lease between both.
package struct LeaseClaim: Hashable, Sendable {
    package var lease: LeaseID
    package var role: Lease.Role
    package var isOpen: Bool
    /// What the lender gives of it now; `nil` from a borrower.
    package var amounts: Amounts?

    package init(lease: LeaseID, role: Lease.Role, isOpen: Bool, amounts: Amounts? = nil) {
        self.lease = lease
        self.role = role
        self.isOpen = isOpen
        self.amounts = amounts
    }
}

/// The numbers of the protocol.
package enum Negotiating {
    /// At most so many rounds of proposal and answer.
    package static let rounds = 4
    /// How long a borrower waits for the answers of one round.
    package static let roundTime = Microseconds.seconds(2)
    /// How long an unanswered message waits before it is sent again.
    package static let resendAfter = Microseconds.milliseconds(500)
    /// How long an offer binds the lender and holds the capacity.
    package static let offerTime = Microseconds.seconds(10)
    /// How long a lender remembers a conversation that has led to no offer.
    package static let memory = Microseconds.seconds(30)
    /// How long a borrower may wait for the lender's word before its user is told; the doubt is cleared up later.
    package static let doubtTime = Microseconds.seconds(20)
    /// The most peers asked for one request.
    package static let fanOut = 64
    /// The most nodes that one request may want at once.
    package static let mostNodes = 32
    /// The most conversations and holds that one peer may keep open here.
    package static let perPeer = 512
    /// The most refused agreements of one peer that a lender remembers; that peer's oldest give way.
    package static let refusalsKept = 256
}
