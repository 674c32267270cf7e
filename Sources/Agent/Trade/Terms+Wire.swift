import Resources
import Trading
import Wire

// Terms and refusals as they travel.

extension NoticeClass {
    init(_ wire: Surplus_V1_NoticeClass, _ field: String) throws(FieldError) {
        switch wire {
        case .elastic: self = .elastic
        case .standard, .unspecified: self = .standard
        case .notice: self = .notice
        case .firm: self = .firm
        case .UNRECOGNIZED(let value): throw FieldError(field, "is \(value), which is no notice class")
        }
    }

    /// The least that will do; `nil`, on the wire unspecified: any.
    init?(least wire: Surplus_V1_NoticeClass, _ field: String) throws(FieldError) {
        guard wire != .unspecified else { return nil }
        try self.init(wire, field)
    }

}

extension Surplus_V1_Terms {
    init(_ terms: Terms) {
        self = .with {
            $0.amounts = Surplus_V1_Amounts(terms.amounts)
            $0.prices = Surplus_V1_Prices(terms.prices)
            $0.termMicroseconds = terms.term.rawValue
            $0.notice = terms.notice.wire
            $0.startAt = terms.start?.microseconds ?? 0
            if let consideration = terms.consideration { $0.consideration = Surplus_V1_Consideration(consideration) }
        }
    }
}

extension Terms {
    init(_ wire: Surplus_V1_Terms, _ field: String) throws(FieldError) {
        self.init(
            amounts: try Amounts(positive: wire.amounts, field + ".amounts"), prices: try Prices(wire.prices, field + ".prices"),
            term: try Field.term(wire.termMicroseconds, field + ".term_microseconds"),
            notice: try NoticeClass(wire.notice, field + ".notice"), start: try Self.start(wire.startAt, field + ".start_at"),
            consideration: wire.hasConsideration ? try Consideration(wire.consideration, field + ".consideration") : nil)
    }

    /// When a term begins; `nil`, on the wire 0, at once.
    static func start(_ wire: Int64, _ field: String) throws(FieldError) -> Timestamp? {
        wire == 0 ? nil : try Field.timestamp(wire, field)
    }
}

extension Surplus_V1_QuoteRequest {
    /// One round of a negotiation that nothing comes of.
    init(_ want: Want, _ proposal: Proposal) {
        self = .with {
            $0.proposal = Surplus_V1_Propose(proposal)
            $0.amounts = Surplus_V1_Amounts(proposal.terms.amounts)
            $0.termMicroseconds = proposal.terms.term.rawValue
            $0.startAt = proposal.terms.start?.microseconds ?? 0
            $0.leastNotice = want.leastNotice?.wire ?? .unspecified
        }
    }
}

extension Surplus_V1_Refusal {
    init(_ refusal: Refusal) {
        self = .with {
            $0.term = refusal.term
            $0.reason = refusal.reason
            $0.retryable = refusal.retryAfter != nil
            $0.retryAfterMicroseconds = refusal.retryAfter?.rawValue ?? 0
            $0.alternatives = (refusal.alternatives ?? []).prefix(Alternative.most).map(Surplus_V1_Alternative.init)
        }
    }
}

extension Refusal {
    init(_ wire: Surplus_V1_Refusal, _ field: String) throws(FieldError) {
        let after = try Field.span(wire.retryAfterMicroseconds, field + ".retry_after_microseconds")
        try Field.count(wire.alternatives, atMost: Alternative.most, field + ".alternatives")
        var alternatives: [Alternative] = []
        for alternative in wire.alternatives {
            // One of a kind that is not known here is left out.
            if let known = try Alternative(alternative, field + ".alternatives") { alternatives.append(known) }
        }
        self.init(
            term: try Field.text(wire.term, atMost: 64, field + ".term"),
            reason: try Field.text(wire.reason, atMost: TradeMessage.longestText, field + ".reason"),
            retryAfter: wire.retryable ? max(.zero, after) : nil, alternatives: alternatives.isEmpty ? nil : alternatives)
    }
}

extension Surplus_V1_Alternative {
    init(_ alternative: Alternative) {
        self = .with {
            $0.kind = alternative.kind.rawValue
            $0.node = alternative.node?.description ?? ""
            $0.terms = Surplus_V1_Terms(alternative.terms)
            $0.nodes = UInt32(alternative.nodes ?? 0)
        }
    }
}

extension Alternative {
    /// `nil` for a kind of a newer version.
    init?(_ wire: Surplus_V1_Alternative, _ field: String) throws(FieldError) {
        guard let kind = Kind(rawValue: wire.kind) else { return nil }
        // A lender speaks of itself only: whoever else it names is not asked by its word.
        self.init(kind, try Terms(wire.terms, field + ".terms"))
    }
}
