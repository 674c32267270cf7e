import Resources
import Trading
import Wire

// What agents say to each other about credits that stood idle, as it travels.

extension Surplus_V1_Decay {
    init(_ message: DecayMessage) {
        self = .with { wire in
            switch message {
            case .offer(let document, let signature):
                wire.offer = .with { ($0.document, $0.signature) = (.init(document), .init(signature.bytes)) }
            case .agreed(let number, let document, let signature, let allows):
                wire.agreed = .with {
                    ($0.number, $0.document, $0.signature) = (number, .init(document), .init(signature.bytes))
                    if let allows { $0.allows = Surplus_V1_DecayTerms(allows) }
                }
            case .refused(let number, let refusal, let allows):
                wire.refused = .with {
                    ($0.number, $0.refusal) = (number, Surplus_V1_Refusal(refusal))
                    if let allows { $0.allows = Surplus_V1_DecayTerms(allows) }
                }
            }
        }
    }
}

extension DecayMessage {
    private static let numbers = Int64(1)...Int64.max

    init(_ wire: Surplus_V1_Decay) throws(FieldError) {
        switch wire.message {
        case .offer(let message):
            try Field.count(message.document, atMost: TradeMessage.longestDocument, "decay.offer.document")
            self = .offer(document: Array(message.document), try Field.signature(message.signature, "decay.offer.signature"))
        case .agreed(let message):
            try Field.count(message.document, atMost: TradeMessage.longestDocument, "decay.agreed.document")
            self = .agreed(
                number: try Field.integer(message.number, in: Self.numbers, "decay.agreed.number"),
                document: Array(message.document), try Field.signature(message.signature, "decay.agreed.signature"),
                allows: message.hasAllows ? try DecayRule(message.allows, "decay.agreed.allows") : nil)
        case .refused(let message):
            self = .refused(
                number: try Field.integer(message.number, in: Self.numbers, "decay.refused.number"),
                try Refusal(message.refusal, "decay.refused.refusal"),
                allows: message.hasAllows ? try DecayRule(message.allows, "decay.refused.allows") : nil)
        case nil: throw FieldError("decay", "is missing or of a newer version")
        }
    }
}

extension Surplus_V1_DecayTerms {
    package init(_ rule: DecayRule) {
        self = .with { ($0.rateBasisPoints, $0.idleMicroseconds) = (rule.rate.rawValue, rule.idle.rawValue) }
    }
}

extension DecayRule {
    fileprivate init(_ wire: Surplus_V1_DecayTerms, _ field: String) throws(FieldError) {
        self.init(rate: BasisPoints(wire.rateBasisPoints), idle: Microseconds(wire.idleMicroseconds))
        guard isWithinBounds else { throw FieldError(field, "is out of range") }
    }
}
