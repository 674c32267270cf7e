import Configuration
import Node
import Policy
import Reclaim
import Resources
import Wire

extension PoolMembership {
    /// What would be offered now, what holds back the rest, and the readings behind it.
    func explainPolicy(_ request: Surplus_V1_ExplainPolicyRequest) throws -> Surplus_V1_ExplainPolicyReply {
        let user = try Field.text(request.user, atMost: 256, "user")
        let peer = request.peer.isEmpty ? own : try roster.find(request.peer).node
        let amounts = try Amounts(request.amounts, "amounts")
        let term = request.termMicroseconds > 0 ? try Field.term(request.termMicroseconds, "term_microseconds") : nil
        let notice = try NoticeClass(request.notice, "notice")
        let now = engine.now
        return engine.read { node in
            let borrower = request.peer.isEmpty ? Borrower(id: peer, name: "", user: user) : node.borrower(peer, user)
            var reply = Self.standing(of: node, towards: borrower)
            reply.rules = rules(of: node, at: now)
            if let decay = decay(of: node, at: now) { reply.decay = decay }
            if !request.peer.isEmpty { reply.standing = Surplus_V1_PeerStandingInfo(node.peerStanding(of: peer)) }
            reply.forecasts = Self.forecasts(of: node, for: term ?? node.policy.longestTerm)
            let wanted = amounts.isPositive ? amounts : node.policy.most(of: node.capacity).unmixed
            guard wanted.isPositive, Bounds.accepts(wanted) else {
                reply.refusal = Surplus_V1_Refusal(
                    Refusal(term: "policy", reason: "policy '\(node.policy.name)' lends nothing"))
                return reply
            }
            let ask = Ask(
                amounts: wanted, least: amounts.isPositive ? nil : .zero, term: term ?? node.policy.longestTerm,
                bid: Prices(cpu: Bounds.price, memory: Bounds.price, disk: Bounds.price), notice: notice)
            switch node.quote(ask, to: borrower, at: now) {
            case .offer(let terms): reply.offer = Surplus_V1_Terms(terms)
            case .counter(let terms, let reason):
                reply.offer = Surplus_V1_Terms(terms)
                if amounts.isPositive { reply.reason = reason }
            case .refuse(let refusal): reply.refusal = Surplus_V1_Refusal(refusal)
            }
            return reply
        }
    }

    private static func standing(of node: Node, towards borrower: Borrower) -> Surplus_V1_ExplainPolicyReply {
        let standing = node.standing(towards: borrower)
        return .with {
            $0.policy = node.policy.name
            $0.capacity = Surplus_V1_Amounts(standing.capacity)
            $0.most = Surplus_V1_Amounts(node.policy.most(of: standing.capacity))
            $0.ownerUsage = Surplus_V1_Amounts(standing.ownerUsage)
            $0.committed = Surplus_V1_Amounts(standing.committed)
            $0.lendable = Surplus_V1_Amounts(node.lendable)
            $0.gates = node.gates.named.map(Surplus_V1_PolicyGate.init)
            $0.limits = node.limits(on: borrower).map { Surplus_V1_PolicyLimit($0.restriction, isInForce: $0.isInForce) }
            $0.creditLimitMicrocredits = node.creditLimit(of: borrower).rawValue
            $0.creditHeadroomMicrocredits = standing.creditHeadroom.rawValue
            $0.openLeases = Int32(clamping: standing.openLeases)
            $0.mostLeases = Int32(clamping: node.policy.maximumLeases)
            $0.threshold = Surplus_V1_Amounts(node.policy.thresholds(of: standing.capacity))
            $0.tolerance = Surplus_V1_Pressure(Pressure(node.policy.pressure.shares))
            $0.reserveBytes = node.policy.reserve.of(standing.capacity.memory).rawValue
        }
    }
}

extension PoolMembership {
    private static func forecasts(of node: Node, for term: Microseconds) -> [Surplus_V1_PolicyForecast] {
        let explanations = node.firmExplanations(for: term)
        return [("cpu", explanations.cpu), ("memory", explanations.memory)].compactMap { resource, explanation in
            explanation.map {
                Surplus_V1_PolicyForecast($0, of: resource, for: min(term, node.foresight.reach), node.foresight.sample)
            }
        }
    }
}

extension Surplus_V1_PolicyForecast {
    fileprivate init(
        _ explanation: FirmExplanation, of resource: String, for term: Microseconds, _ sample: Microseconds
    ) {
        self = .with {
            $0.resource = resource
            $0.samplesSeen = explanation.samplesSeen
            $0.samplesNeeded = explanation.samplesNeeded
            $0.sampleMicroseconds = sample.rawValue
            $0.termMicroseconds = term.rawValue
            if let level = explanation.median { $0.medianBasisPoints = level.rawValue }
            if let level = explanation.exceededInATenth { $0.tenthBasisPoints = level.rawValue }
            if let level = explanation.exceededInAHundredth { $0.hundredthBasisPoints = level.rawValue }
            $0.thresholdBasisPoints = explanation.threshold.rawValue
            $0.promiseBasisPoints = explanation.promise.amount.rawValue
            $0.reason = explanation.promise.reason.rawValue
            $0.riskPartsPerMillion = explanation.promise.risk.rawValue
            $0.text = explanation.text
            $0.appetiteBasisPoints = explanation.appetite.takenBack.rawValue
            $0.takenBackPartsPerMillion = explanation.observed.rawValue
            $0.leaseSamples = explanation.leaseSamples
        }
    }
}

extension Surplus_V1_PolicyGate {
    init(_ named: (key: String, gate: Policy.Gate)) {
        self = .with {
            $0.key = named.key
            $0.when = named.gate.rule.when.text
            $0.until = named.gate.rule.until?.text ?? ""
            $0.state = named.gate.state.rawValue
            $0.findings = named.gate.findings.map { finding in
                .with {
                    $0.asked = finding.asked
                    $0.found = finding.found
                    $0.truth = finding.truth.rawValue
                }
            }
        }
    }
}

extension Surplus_V1_PolicyLimit {
    fileprivate init(_ restriction: Restriction, isInForce: Bool) {
        self = .with {
            $0.subject = restriction.rule.subject.text
            $0.text = restriction.rule.text
            $0.when = restriction.rule.when?.text ?? ""
            $0.inForce = isInForce
            $0.taken = Surplus_V1_Amounts(restriction.tally.amounts)
            $0.leases = Int32(clamping: restriction.tally.leases)
            $0.owedMicrocredits = restriction.tally.owed.rawValue
        }
    }
}

extension Surplus_V1_PolicySource {
    init(_ source: PolicySource) {
        self = .with {
            $0.files = source.files.map { file in
                .with {
                    $0.name = file.name
                    $0.content = .init(file.bytes)
                }
            }
        }
    }
}

extension PolicySource {
    /// - Throws: when there are more files, or longer names, than a policy can have.
    init(_ wire: Surplus_V1_PolicySource) throws(FieldError) {
        try Field.count(wire.files, atMost: Self.mostFiles, "files")
        var files: [File] = []
        for file in wire.files {
            files.append(File(name: try Field.text(file.name, atMost: 4096, "name"), bytes: Array(file.content)))
        }
        self.init(files: files)
    }
}
