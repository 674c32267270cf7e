import Bookkeeping
import Resources
import Trading
import Wire

extension Surplus_V1_BorrowerEvidence {
    init(_ evidence: BorrowerEvidence) {
        self = .with {
            $0.plausible = Surplus_V1_Usage(evidence.plausible)
            $0.elapsedMicroseconds = evidence.elapsed.rawValue
            $0.counted = evidence.counted != nil
            $0.countedCoreMicroseconds = evidence.counted?.rawValue ?? 0
        }
    }
}

extension BorrowerEvidence {
    init(_ wire: Surplus_V1_BorrowerEvidence, _ field: String) throws(FieldError) {
        let counted = try Usage(.with { $0.cpuCoreMicroseconds = wire.countedCoreMicroseconds }, field + ".counted").cpu
        self.init(
            plausible: try Usage(wire.plausible, field + ".plausible"),
            elapsed: max(.zero, try Field.span(wire.elapsedMicroseconds, field + ".elapsed_microseconds")),
            counted: wire.counted ? counted : nil)
    }
}

extension Surplus_V1_DisputeNotice {
    init(_ notice: DisputeNotice) {
        self = .with {
            $0.dispute = notice.dispute.description
            $0.document = .init(notice.document)
            $0.lenderSignature = .init(notice.lenderSignature.bytes)
            if let signature = notice.borrowerSignature { $0.borrowerSignature = .init(signature.bytes) }
            $0.amountMicrocredits = notice.amount.credits.rawValue
            $0.amountInKind = Surplus_V1_Usage(notice.amount.inKind)
            $0.prices = Surplus_V1_Prices(notice.prices)
            $0.reason = notice.reason
            if let evidence = notice.evidence { $0.evidence = Surplus_V1_BorrowerEvidence(evidence) }
            $0.openedAt = notice.opened.microseconds
        }
    }
}

extension DisputeNotice {
    init(_ wire: Surplus_V1_DisputeNotice) throws(FieldError) {
        try Field.count(wire.document, atMost: TradeMessage.longestDocument, "dispute_notice.document")
        self.init(
            dispute: try Field.identifier(wire.dispute, "dispute_notice.dispute"), document: Array(wire.document),
            lenderSignature: try Field.signature(wire.lenderSignature, "dispute_notice.lender_signature"),
            borrowerSignature: wire.borrowerSignature.isEmpty
                ? nil : try Field.signature(wire.borrowerSignature, "dispute_notice.borrower_signature"),
            amount: Charge(
                credits: try Field.money(wire.amountMicrocredits, "dispute_notice.amount_microcredits"),
                inKind: try Usage(wire.amountInKind, "dispute_notice.amount_in_kind")),
            prices: try Prices(wire.prices, "dispute_notice.prices"),
            reason: try Field.text(wire.reason, atMost: TradeMessage.longestText, "dispute_notice.reason"),
            evidence: wire.hasEvidence ? try BorrowerEvidence(wire.evidence, "dispute_notice.evidence") : nil,
            opened: try Field.timestamp(wire.openedAt, "dispute_notice.opened_at"))
    }
}

extension Surplus_V1_ResolutionOffer {
    init(_ offer: ResolutionOffer) {
        self = .with {
            $0.document = .init(offer.document)
            $0.signature = .init(offer.signature.bytes)
        }
    }
}

extension ResolutionOffer {
    init(_ wire: Surplus_V1_ResolutionOffer) throws(FieldError) {
        try Field.count(wire.document, atMost: TradeMessage.longestDocument, "resolution_offer.document")
        self.init(
            document: Array(wire.document), signature: try Field.signature(wire.signature, "resolution_offer.signature"))
    }
}

extension Surplus_V1_ResolutionAnswer {
    init(_ reply: ResolutionReply) {
        self = .with {
            $0.dispute = reply.dispute.description
            $0.number = reply.number
            $0.signature = .init(reply.signature.bytes)
            if let lost = reply.lost {
                $0.document = .init(lost.document)
                $0.proposerSignature = .init(lost.signature.bytes)
            }
        }
    }
}

extension ResolutionReply {
    init(_ wire: Surplus_V1_ResolutionAnswer) throws(FieldError) {
        var lost: ResolutionOffer?
        if !wire.document.isEmpty {
            try Field.count(wire.document, atMost: TradeMessage.longestDocument, "resolution_answer.document")
            lost = ResolutionOffer(
                document: Array(wire.document),
                signature: try Field.signature(wire.proposerSignature, "resolution_answer.proposer_signature"))
        }
        self.init(
            dispute: try Field.identifier(wire.dispute, "resolution_answer.dispute"),
            number: try Field.integer(wire.number, in: 1...(1 << 32), "resolution_answer.number"),
            signature: try Field.signature(wire.signature, "resolution_answer.signature"), lost: lost)
    }
}
