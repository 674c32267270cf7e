import Resources
import Trading
import Wire

// What agents say to each other about nettings, as it travels.

extension Surplus_V1_Netting {
    init(_ message: NettingMessage) {
        self = .with { wire in
            switch message {
            case .probe(let probe):
                wire.probe = .with {
                    $0.search = probe.search.description
                    $0.path = probe.path.map(\.description)
                    $0.amountMicrocredits = probe.amount.rawValue
                }
            case .prepare(let document, let signature):
                wire.prepare = .with { ($0.document, $0.signature) = (.init(document), .init(signature.bytes)) }
            case .vote(let id, let vote):
                wire.vote = .with {
                    $0.netting = id.description
                    switch vote {
                    case .success(let signature): $0.signature = .init(signature.bytes)
                    case .failure(let refusal): $0.refusal = Surplus_V1_Refusal(refusal)
                    }
                }
            case .decision(let decision): wire.decision = Surplus_V1_NettingDecision(decision)
            case .done(let id): wire.done = .with { $0.netting = id.description }
            case .inquire(let document): wire.inquire = .with { $0.document = .init(document) }
            case .untold(let id): wire.untold = .with { $0.netting = id.description }
            }
        }
    }
}

extension NettingMessage {
    init(_ wire: Surplus_V1_Netting) throws(FieldError) {
        switch wire.message {
        case .probe(let message): self = .probe(try NettingProbe(message))
        case .prepare(let message):
            try Field.count(message.document, atMost: TradeMessage.longestDocument, "netting.prepare.document")
            self = .prepare(
                document: Array(message.document), try Field.signature(message.signature, "netting.prepare.signature"))
        case .vote(let message):
            let id: NettingID = try Field.identifier(message.netting, "netting.vote.netting")
            switch message.vote {
            case .signature(let bytes): self = .vote(id, .success(try Field.signature(bytes, "netting.vote.signature")))
            case .refusal(let refusal): self = .vote(id, .failure(try Refusal(refusal, "netting.vote.refusal")))
            case nil: throw FieldError("netting.vote", "says neither yes nor no")
            }
        case .decision(let message): self = .decision(try NettingDecision(message))
        case .done(let message): self = .done(try Field.identifier(message.netting, "netting.done.netting"))
        case .inquire(let message):
            try Field.count(message.document, atMost: TradeMessage.longestDocument, "netting.inquire.document")
            self = .inquire(document: Array(message.document))
        case .untold(let message): self = .untold(try Field.identifier(message.netting, "netting.untold.netting"))
        case nil: throw FieldError("netting", "is missing or of a newer version")
        }
    }
}

extension NettingProbe {
    init(_ wire: Surplus_V1_NettingProbe) throws(FieldError) {
        try Field.count(wire.path, atMost: Nettings.longest, "netting.probe.path")
        var path: [NodeID] = []
        for node in wire.path { path.append(try Field.identifier(node, "netting.probe.path")) }
        self.init(
            search: try Field.identifier(wire.search, "netting.probe.search"), path: path,
            amount: try Field.money(wire.amountMicrocredits, "netting.probe.amount_microcredits"))
    }
}

extension Surplus_V1_NettingDecision {
    init(_ decision: NettingDecision) {
        self = .with {
            $0.netting = decision.netting.description
            $0.committed = decision.isCommitted
            $0.signature = .init(decision.signature.bytes)
            $0.signatures = decision.signatures.map { .init($0.bytes) }
            $0.reason = decision.reason
        }
    }
}

extension NettingDecision {
    init(_ wire: Surplus_V1_NettingDecision) throws(FieldError) {
        try Field.count(wire.signatures, atMost: Nettings.longest, "netting.decision.signatures")
        var signatures: [Signature] = []
        for bytes in wire.signatures { signatures.append(try Field.signature(bytes, "netting.decision.signatures")) }
        self.init(
            netting: try Field.identifier(wire.netting, "netting.decision.netting"), isCommitted: wire.committed,
            signature: try Field.signature(wire.signature, "netting.decision.signature"), signatures: signatures,
            reason: try Field.text(wire.reason, atMost: TradeMessage.longestText, "netting.decision.reason"))
    }
}
