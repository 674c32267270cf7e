import Bookkeeping
import Resources
import Trading
import Wire

// Trade messages as they travel. What comes in is checked here: beyond this file every value is within its bounds.

extension Surplus_V1_TradeMessage {
    init(_ message: TradeMessage) {
        self = .with { wire in
            switch message {
            case .propose(let proposal): wire.propose = Surplus_V1_Propose(proposal)
            case .answer(let answer): wire.answer = Surplus_V1_Answer(answer)
            case .withdraw(let id): wire.withdraw = .with { $0.negotiation = id.description }
            case .accept(let acceptance): wire.accept = Surplus_V1_Accept(acceptance)
            case .committed(let commitment): wire.committed = Surplus_V1_Committed(commitment)
            case .declined(let id, let refusal):
                wire.declined = .with {
                    $0.agreement = id.description
                    $0.refusal = Surplus_V1_Refusal(refusal)
                }
            case .inquire(let id): wire.inquire = .with { $0.agreement = id.description }
            case .renew(let renewal): wire.renew = Surplus_V1_Renew(renewal)
            case .renewed(let answer): wire.renewAnswer = Surplus_V1_RenewAnswer(answer)
            case .release(let id): wire.release = .with { $0.lease = id.description }
            case .reclaim(let id, let remaining, let reason):
                wire.reclaim = .with {
                    $0.lease = id.description
                    $0.remainingMicroseconds = remaining.rawValue
                    $0.reason = reason
                }
            case .resized(let id, let amounts, let reason):
                wire.resized = .with {
                    $0.lease = id.description
                    $0.amounts = Surplus_V1_Amounts(amounts)
                    $0.reason = reason
                }
            case .closed(let id, let why, let detail):
                wire.closed = .with {
                    $0.lease = id.description
                    $0.reason = why.rawValue
                    $0.detail = detail
                }
            case .receipt(let offer): wire.receiptOffer = Surplus_V1_ReceiptOffer(offer)
            case .receiptAnswer(let reply): wire.receiptAnswer = Surplus_V1_ReceiptAnswer(reply)
            case .claims(let claims): wire.leaseClaims = Surplus_V1_LeaseClaims(claims)
            case .adjust(let offer): wire.adjustmentOffer = Surplus_V1_AdjustmentOffer(offer)
            case .adjusted(let reply): wire.adjustmentAnswer = Surplus_V1_AdjustmentAnswer(reply)
            case .dispute(let notice): wire.disputeNotice = Surplus_V1_DisputeNotice(notice)
            case .disputeAnswer(let id, let refusal):
                wire.disputeAnswer = .with {
                    $0.dispute = id.description
                    if let refusal { $0.refusal = Surplus_V1_Refusal(refusal) }
                }
            case .resolve(let offer): wire.resolutionOffer = Surplus_V1_ResolutionOffer(offer)
            case .resolved(let reply): wire.resolutionAnswer = Surplus_V1_ResolutionAnswer(reply)
            case .netting(let message): wire.netting = Surplus_V1_Netting(message)
            case .reconciliation(let message): wire.reconciliation = Surplus_V1_Reconciliation(message)
            case .decay(let message): wire.decay = Surplus_V1_Decay(message)
            }
        }
    }
}

extension TradeMessage {
    /// The longest document of an agreement or receipt, in bytes.
    static let longestDocument = 4096
    /// The longest text for people, in bytes.
    static let longestText = 1000
    /// The most claims in one message.
    static let mostClaims = 10_000

    init(_ wire: Surplus_V1_TradeMessage) throws(FieldError) {
        switch wire.message {
        case .propose(let message): self = .propose(try Proposal(message))
        case .answer(let message): self = .answer(try Answer(message))
        case .withdraw(let message): self = .withdraw(try Field.identifier(message.negotiation, "withdraw.negotiation"))
        case .accept(let message): self = .accept(try Acceptance(message))
        case .committed(let message): self = .committed(try Commitment(message))
        case .declined(let message):
            self = .declined(
                try Field.identifier(message.agreement, "declined.agreement"), try Refusal(message.refusal, "declined.refusal"))
        case .inquire(let message): self = .inquire(try Field.identifier(message.agreement, "inquire.agreement"))
        case .renew(let message): self = .renew(try Renewal(message))
        case .renewAnswer(let message): self = .renewed(try RenewalAnswer(message))
        case .release(let message): self = .release(try Field.identifier(message.lease, "release.lease"))
        case .reclaim(let message):
            self = .reclaim(
                try Field.identifier(message.lease, "reclaim.lease"),
                remaining: try Field.span(message.remainingMicroseconds, "reclaim.remaining_microseconds"),
                reason: try Field.text(message.reason, atMost: Self.longestText, "reclaim.reason"))
        case .resized(let message):
            self = .resized(
                try Field.identifier(message.lease, "resized.lease"), try Amounts(message.amounts, "resized.amounts"),
                reason: try Field.text(message.reason, atMost: Self.longestText, "resized.reason"))
        case .closed(let message): self = try Self.closed(message)
        case .receiptOffer(let message): self = .receipt(try ReceiptOffer(message))
        case .receiptAnswer(let message): self = .receiptAnswer(try ReceiptReply(message))
        case .leaseClaims(let message): self = .claims(try Self.claims(message))
        case .adjustmentOffer(let message): self = .adjust(try AdjustmentOffer(message))
        case .adjustmentAnswer(let message): self = .adjusted(try AdjustmentReply(message))
        case .disputeNotice(let message): self = .dispute(try DisputeNotice(message))
        case .disputeAnswer(let message):
            self = .disputeAnswer(
                try Field.identifier(message.dispute, "dispute_answer.dispute"),
                message.hasRefusal ? try Refusal(message.refusal, "dispute_answer.refusal") : nil)
        case .resolutionOffer(let message): self = .resolve(try ResolutionOffer(message))
        case .resolutionAnswer(let message): self = .resolved(try ResolutionReply(message))
        case .netting(let message): self = .netting(try NettingMessage(message))
        case .reconciliation(let message): self = .reconciliation(try ReconciliationMessage(message))
        case .decay(let message): self = .decay(try DecayMessage(message))
        case nil: throw FieldError("message", "is missing or of a newer version")
        }
    }

    private static func closed(_ message: Surplus_V1_Closed) throws(FieldError) -> TradeMessage {
        guard let why = Lease.EndReason(rawValue: message.reason) else {
            throw FieldError("closed.reason", "is '\(message.reason.prefix(64))', which is no reason")
        }
        return .closed(
            try Field.identifier(message.lease, "closed.lease"), why,
            detail: try Field.text(message.detail, atMost: longestText, "closed.detail"))
    }

    private static func claims(_ message: Surplus_V1_LeaseClaims) throws(FieldError) -> [LeaseClaim] {
        try Field.count(message.claims, atMost: mostClaims, "lease_claims.claims")
        var claims: [LeaseClaim] = []
        for claim in message.claims {
            guard let role = Lease.Role(rawValue: claim.role) else {
                throw FieldError("lease_claims.claims.role", "is '\(claim.role.prefix(64))', must be lender or borrower")
            }
            claims.append(
                LeaseClaim(
                    lease: try Field.identifier(claim.lease, "lease_claims.claims.lease"), role: role, isOpen: claim.open,
                    amounts: claim.hasAmounts ? try Amounts(claim.amounts, "lease_claims.claims.amounts") : nil))
        }
        return claims
    }
}

// MARK: - Parts

extension Surplus_V1_Propose {
    init(_ proposal: Proposal) {
        self = .with {
            $0.negotiation = proposal.negotiation.description
            $0.round = UInt32(proposal.round)
            $0.terms = Surplus_V1_Terms(proposal.terms)
            $0.least = Surplus_V1_Amounts(proposal.least)
            $0.user = proposal.user
        }
    }
}

extension Proposal {
    init(_ wire: Surplus_V1_Propose) throws(FieldError) {
        self.init(
            negotiation: try Field.identifier(wire.negotiation, "propose.negotiation"),
            round: Int(try Field.integer(Int64(wire.round), in: 1...Int64(Negotiating.rounds), "propose.round")),
            terms: try Terms(wire.terms, "propose.terms"), least: try Amounts(wire.least, "propose.least"),
            user: try Field.text(wire.user, atMost: Agreement.longestUser, "propose.user"))
    }
}

extension Surplus_V1_Answer {
    init(_ answer: Answer) {
        self = .with {
            $0.negotiation = answer.negotiation.description
            $0.round = UInt32(answer.round)
            switch answer.outcome {
            case .offered(let terms, let timeToLive, let limit):
                $0.offered = .with {
                    $0.terms = Surplus_V1_Terms(terms)
                    $0.timeToLiveMicroseconds = timeToLive.rawValue
                    $0.creditLimitMicrocredits = limit.rawValue
                }
            case .countered(let terms, let reason):
                $0.countered = Surplus_V1_Terms(terms)
                $0.reason = reason
            case .rejected(let refusal): $0.rejected = Surplus_V1_Refusal(refusal)
            }
        }
    }
}

extension Answer {
    init(_ wire: Surplus_V1_Answer) throws(FieldError) {
        let outcome: Outcome
        switch wire.outcome {
        case .offered(let offered):
            outcome = .offered(
                try Terms(offered.terms, "answer.offered.terms"),
                timeToLive: try Field.span(offered.timeToLiveMicroseconds, "answer.offered.time_to_live_microseconds"),
                creditLimit: try Field.money(offered.creditLimitMicrocredits, "answer.offered.credit_limit_microcredits"))
        case .countered(let terms):
            outcome = .countered(
                try Terms(terms, "answer.countered"),
                reason: try Field.text(wire.reason, atMost: TradeMessage.longestText, "answer.reason"))
        case .rejected(let refusal): outcome = .rejected(try Refusal(refusal, "answer.rejected"))
        case nil: throw FieldError("answer.outcome", "is missing")
        }
        self.init(
            negotiation: try Field.identifier(wire.negotiation, "answer.negotiation"),
            round: Int(try Field.integer(Int64(wire.round), in: 1...Int64(Negotiating.rounds), "answer.round")), outcome: outcome)
    }
}

extension Surplus_V1_SignedDocument {
    init(document: [UInt8], borrower: Signature? = nil, lender: Signature? = nil) {
        self = .with {
            $0.document = .init(document)
            if let borrower { $0.borrowerSignature = .init(borrower.bytes) }
            if let lender { $0.lenderSignature = .init(lender.bytes) }
        }
    }

    func checkedDocument(_ field: String) throws(FieldError) -> [UInt8] {
        try Field.count(document, atMost: TradeMessage.longestDocument, field + ".document")
        return Array(document)
    }
}

extension Surplus_V1_Accept {
    init(_ acceptance: Acceptance) {
        self = .with {
            $0.negotiation = acceptance.negotiation.description
            $0.agreement = Surplus_V1_SignedDocument(
                document: acceptance.agreement.document, borrower: acceptance.agreement.borrowerSignature)
        }
    }
}

extension Acceptance {
    init(_ wire: Surplus_V1_Accept) throws(FieldError) {
        self.init(
            negotiation: try Field.identifier(wire.negotiation, "accept.negotiation"),
            agreement: SignedAgreement(
                document: try wire.agreement.checkedDocument("accept.agreement"),
                borrowerSignature: try Field.signature(
                    wire.agreement.borrowerSignature, "accept.agreement.borrower_signature")))
    }
}

extension Surplus_V1_Committed {
    init(_ commitment: Commitment) {
        self = .with {
            $0.agreement = Surplus_V1_SignedDocument(
                document: commitment.agreement.document, borrower: commitment.agreement.borrowerSignature,
                lender: commitment.agreement.lenderSignature)
            $0.remainingMicroseconds = commitment.remaining.rawValue
        }
    }
}

extension Commitment {
    init(_ wire: Surplus_V1_Committed) throws(FieldError) {
        let agreement = wire.agreement
        self.init(
            agreement: SignedAgreement(
                document: try agreement.checkedDocument("committed.agreement"),
                borrowerSignature: try Field.signature(agreement.borrowerSignature, "committed.agreement.borrower_signature"),
                lenderSignature: try Field.signature(agreement.lenderSignature, "committed.agreement.lender_signature")),
            remaining: try Field.span(wire.remainingMicroseconds, "committed.remaining_microseconds"))
    }
}

extension Surplus_V1_Renew {
    init(_ renewal: Renewal) {
        self = .with {
            $0.lease = renewal.lease.description
            $0.renewal = UInt32(renewal.number)
            $0.extensionMicroseconds = renewal.span.rawValue
            $0.reservation = renewal.reservation.description
        }
    }
}

extension Renewal {
    init(_ wire: Surplus_V1_Renew) throws(FieldError) {
        self.init(
            lease: try Field.identifier(wire.lease, "renew.lease"), number: Int(wire.renewal),
            span: try Field.term(wire.extensionMicroseconds, "renew.extension_microseconds"),
            reservation: try Field.identifier(wire.reservation, "renew.reservation"))
    }
}

extension Surplus_V1_RenewAnswer {
    init(_ answer: RenewalAnswer) {
        self = .with {
            $0.lease = answer.lease.description
            $0.renewal = UInt32(answer.number)
            $0.reservation = answer.reservation.description
            if let refusal = answer.refusal { $0.refusal = Surplus_V1_Refusal(refusal) }
        }
    }
}

extension RenewalAnswer {
    init(_ wire: Surplus_V1_RenewAnswer) throws(FieldError) {
        self.init(
            lease: try Field.identifier(wire.lease, "renew_answer.lease"), number: Int(wire.renewal),
            reservation: try Field.identifier(wire.reservation, "renew_answer.reservation"),
            refusal: wire.hasRefusal ? try Refusal(wire.refusal, "renew_answer.refusal") : nil)
    }
}

extension Surplus_V1_ReceiptOffer {
    init(_ offer: ReceiptOffer) {
        self = .with { $0.receipt = Surplus_V1_SignedDocument(document: offer.document, lender: offer.lenderSignature) }
    }
}

extension ReceiptOffer {
    init(_ wire: Surplus_V1_ReceiptOffer) throws(FieldError) {
        self.init(
            document: try wire.receipt.checkedDocument("receipt_offer.receipt"),
            lenderSignature: try Field.signature(wire.receipt.lenderSignature, "receipt_offer.receipt.lender_signature"))
    }
}

extension Surplus_V1_ReceiptAnswer {
    init(_ reply: ReceiptReply) {
        self = .with {
            $0.receipt = reply.receipt.description
            $0.borrowerSignature = .init(reply.borrowerSignature.bytes)
            $0.acceptedMicrocredits = reply.accepted.credits.rawValue
            if reply.accepted.inKind != .zero { $0.acceptedInKind = Surplus_V1_Usage(reply.accepted.inKind) }
            if let dispute = reply.dispute { $0.dispute = Surplus_V1_Refusal(dispute) }
            if let evidence = reply.evidence { $0.evidence = Surplus_V1_BorrowerEvidence(evidence) }
        }
    }
}

extension ReceiptReply {
    init(_ wire: Surplus_V1_ReceiptAnswer) throws(FieldError) {
        self.init(
            receipt: try Field.identifier(wire.receipt, "receipt_answer.receipt"),
            borrowerSignature: try Field.signature(wire.borrowerSignature, "receipt_answer.borrower_signature"),
            accepted: Charge(
                credits: try Field.money(wire.acceptedMicrocredits, "receipt_answer.accepted_microcredits"),
                inKind: try Usage(wire.acceptedInKind, "receipt_answer.accepted_in_kind")),
            dispute: wire.hasDispute ? try Refusal(wire.dispute, "receipt_answer.dispute") : nil,
            evidence: wire.hasEvidence ? try BorrowerEvidence(wire.evidence, "receipt_answer.evidence") : nil)
    }
}

extension Surplus_V1_LeaseClaims {
    init(_ claims: [LeaseClaim]) {
        self = .with {
            $0.claims = claims.prefix(TradeMessage.mostClaims).map { claim in
                .with {
                    $0.lease = claim.lease.description
                    $0.role = claim.role.rawValue
                    $0.open = claim.isOpen
                    if let amounts = claim.amounts { $0.amounts = Surplus_V1_Amounts(amounts) }
                }
            }
        }
    }
}
