import Bookkeeping
import Resources
import Trading
import Wire

// What is given in return, and changes to what is owed in kind, as they travel.

extension Surplus_V1_Deferral {
    init(_ deferral: Deferral) {
        self = .with {
            ($0.shareCpu, $0.shareMemory) = (deferral.share.cpu.rawValue, deferral.share.memory.rawValue)
            ($0.rateCpu, $0.rateMemory) = (deferral.rate.cpu.rawValue, deferral.rate.memory.rawValue)
            ($0.shareDisk, $0.rateDisk) = (deferral.share.disk.rawValue, deferral.rate.disk.rawValue)
            ($0.dueFrom, $0.dueUntil) = (deferral.from.microseconds, deferral.until.microseconds)
            $0.premium = deferral.premium.rawValue
        }
    }
}

extension Deferral {
    init(_ wire: Surplus_V1_Deferral, _ field: String) throws(FieldError) {
        self.init(
            share: ResourceShares(
                cpu: BasisPoints(wire.shareCpu), memory: BasisPoints(wire.shareMemory), disk: BasisPoints(wire.shareDisk)),
            rate: ResourceShares(
                cpu: BasisPoints(wire.rateCpu), memory: BasisPoints(wire.rateMemory), disk: BasisPoints(wire.rateDisk)),
            from: try Field.timestamp(wire.dueFrom, field + ".due_from"),
            until: try Field.timestamp(wire.dueUntil, field + ".due_until"), premium: BasisPoints(wire.premium))
        guard from < until else { throw FieldError(field + ".due_until", "is not after due_from: it is due before it starts") }
        guard isWithinBounds else {
            throw FieldError(
                field, "is out of range: shares and the premium are 0% to 100%, rates up to \(Deferral.highestRate.text)")
        }
    }
}

extension Surplus_V1_Exchange {
    init(_ exchange: Exchange) {
        self = .with {
            $0.amounts = Surplus_V1_Amounts(exchange.amounts)
            $0.termMicroseconds = exchange.term.rawValue
            $0.notice = exchange.notice.wire
            $0.prices = Surplus_V1_Prices(exchange.prices)
            $0.worthMicrocredits = exchange.worth.rawValue
        }
    }
}

extension Exchange {
    init(_ wire: Surplus_V1_Exchange, _ field: String) throws(FieldError) {
        self.init(
            amounts: try Amounts(positive: wire.amounts, field + ".amounts"),
            term: try Field.term(wire.termMicroseconds, field + ".term_microseconds"),
            notice: try NoticeClass(wire.notice, field + ".notice"), prices: try Prices(wire.prices, field + ".prices"),
            worth: try Field.money(wire.worthMicrocredits, field + ".worth_microcredits"))
    }
}

extension Surplus_V1_Consideration {
    init(_ consideration: Consideration) {
        self = .with {
            switch consideration {
            case .deferred(let deferral): $0.deferred = Surplus_V1_Deferral(deferral)
            case .redemption(let obligation): $0.redemption = obligation.description
            case .swap(let exchange): $0.swap = Surplus_V1_Exchange(exchange)
            }
        }
    }
}

extension Consideration {
    init(_ wire: Surplus_V1_Consideration, _ field: String) throws(FieldError) {
        switch wire.form {
        case .deferred(let deferral): self = .deferred(try Deferral(deferral, field + ".deferred"))
        case .redemption(let text): self = .redemption(of: try Field.identifier(text, field + ".redemption"))
        case .swap(let exchange): self = .swap(try Exchange(exchange, field + ".swap"))
        case nil: throw FieldError(field, "is empty or of a newer version")
        }
    }
}

extension Means {
    init(_ wire: Surplus_V1_Means, _ field: String) throws(FieldError) {
        let deferral = wire.hasDeferral ? try Deferral(wire.deferral, field + ".deferral") : nil
        let redemption: ObligationID? =
            wire.redemption.isEmpty ? nil : try Field.identifier(wire.redemption, field + ".redemption")
        let swap = wire.hasSwap ? try Exchange(wire.swap, field + ".swap") : nil
        guard [deferral != nil, redemption != nil, swap != nil].count(where: \.self) <= 1 else {
            throw FieldError(field, "has several of a deferral, an obligation to use up and a swap: write one of them")
        }
        guard swap == nil || !wire.credits else { throw FieldError(field, "has a swap and credits: write one of them") }
        guard wire.credits || deferral != nil || redemption != nil || swap != nil else { throw FieldError(field, "is empty") }
        self.init(credits: wire.credits, deferral: deferral, redemption: redemption, swap: swap)
    }
}

// MARK: - Adjustments

extension Surplus_V1_AdjustmentOffer {
    init(_ offer: AdjustmentOffer) {
        self = .with {
            $0.document = .init(offer.document)
            $0.signature = .init(offer.signature.bytes)
        }
    }
}

extension AdjustmentOffer {
    init(_ wire: Surplus_V1_AdjustmentOffer) throws(FieldError) {
        try Field.count(wire.document, atMost: TradeMessage.longestDocument, "adjustment_offer.document")
        self.init(
            document: Array(wire.document), signature: try Field.signature(wire.signature, "adjustment_offer.signature"))
    }
}

extension Surplus_V1_AdjustmentAnswer {
    init(_ reply: AdjustmentReply) {
        self = .with {
            $0.adjustment = reply.adjustment.description
            $0.obligation = reply.obligation.description
            $0.acceptedPremiumMicrocredits = reply.accepted.rawValue
            if let signature = reply.signature { $0.signature = .init(signature.bytes) }
            if let refusal = reply.refusal { $0.refusal = Surplus_V1_Refusal(refusal) }
        }
    }
}

extension AdjustmentReply {
    init(_ wire: Surplus_V1_AdjustmentAnswer) throws(FieldError) {
        self.init(
            adjustment: try Field.identifier(wire.adjustment, "adjustment_answer.adjustment"),
            obligation: try Field.identifier(wire.obligation, "adjustment_answer.obligation"),
            accepted: try Field.money(wire.acceptedPremiumMicrocredits, "adjustment_answer.accepted_premium_microcredits"),
            signature: wire.signature.isEmpty ? nil : try Field.signature(wire.signature, "adjustment_answer.signature"),
            refusal: wire.hasRefusal ? try Refusal(wire.refusal, "adjustment_answer.refusal") : nil)
    }
}
