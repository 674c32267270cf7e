import ArgumentParser
import Reports
import Resources
import Wire

struct PolicyExplain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what would be offered now, and which condition or limit holds back what is not.",
        discussion: """
            Examples:
              surplus policy explain                          to somebody whom no limit names
              surplus policy explain --peer node2 --user anna
              surplus policy explain --cpu 4 --memory 8GiB --for 2h --notice firm
              surplus policy explain --disk 20GiB
            """)

    @Option(help: ArgumentHelp("What this node would be offered, by name or id.", valueName: "node"))
    var peer: String?

    @Option(help: ArgumentHelp("What this user would be offered.", valueName: "name"))
    var user: String?

    @Option(
        help: ArgumentHelp("For this much processing. Default: as much as there is.", valueName: "cores"),
        transform: Quantities.cores)
    var cpu: Millicores?

    @Option(help: ArgumentHelp("For this much memory.", valueName: "size"), transform: Quantities.size)
    var memory: Bytes?

    @OptionGroup var room: DiskOptions

    @Option(
        name: .customLong("for"), help: ArgumentHelp("For this long. Default: the longest term.", valueName: "duration"),
        transform: Quantities.duration)
    var term: Microseconds?

    @Option(
        help: ArgumentHelp("With this warning before an early end: elastic, standard, notice or firm.", valueName: "class"),
        transform: Quantities.notice)
    var notice: NoticeClass?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try room.check(against: [("--cpu", cpu != nil), ("--memory", memory != nil)]) }

    func run() async throws {
        let request = Surplus_V1_ExplainPolicyRequest.with {
            $0.peer = peer ?? ""
            $0.user = user ?? ""
            if cpu != nil || memory != nil {
                // a program needs some of both
                $0.amounts.cpuMillicores = (cpu ?? WishOptions.leastUseful.cpu).rawValue
                $0.amounts.memoryBytes = (memory ?? WishOptions.leastUseful.memory).rawValue
            }
            if let disk = room.disk { $0.amounts.diskBytes = disk.rawValue }
            $0.termMicroseconds = term?.rawValue ?? 0
            $0.notice = notice?.wire ?? .unspecified
        }
        let reply = try await connection.agent.ask { try await $0.explainPolicy(request, options: $1) }
        try output.show(PolicyExplanation(reply))
    }
}

extension PolicyExplanation {
    init(_ message: Surplus_V1_ExplainPolicyReply) {
        self.init(
            policy: message.policy, offer: message.hasOffer ? TermFigures(message.offer) : nil, reason: message.reason.nonEmpty,
            refusal: message.hasRefusal ? RefusalFigures(message.refusal) : nil, capacity: Amounts(shown: message.capacity),
            most: Amounts(shown: message.most), ownerUsage: Amounts(shown: message.ownerUsage),
            committed: Amounts(shown: message.committed), lendable: Amounts(shown: message.lendable),
            conditions: message.gates.map(Condition.init),
            limits: message.limits.map { limit in
                Limit(
                    subject: limit.subject, allows: limit.text, when: limit.when.nonEmpty, inForce: limit.inForce,
                    taken: Amounts(shown: limit.taken), leases: Int(limit.leases), owed: Microcredits(limit.owedMicrocredits))
            },
            creditLimit: Microcredits(message.creditLimitMicrocredits),
            creditHeadroom: Microcredits(message.creditHeadroomMicrocredits),
            standing: message.hasStanding ? .init(message.standing) : nil, openLeases: Int(message.openLeases),
            mostLeases: Int(message.mostLeases), threshold: Amounts(shown: message.threshold),
            tolerance: PressureFigures(message.tolerance), reserve: Bytes(message.reserveBytes),
            forecasts: message.forecasts.map(PolicyForecast.init), rules: message.rules.map(Rule.init),
            decay: message.hasDecay ? Decay(message.decay) : nil)
    }
}

extension PolicyExplanation.Condition {
    fileprivate init(_ gate: Surplus_V1_PolicyGate) {
        self.init(
            key: gate.key, when: gate.when, until: gate.until.nonEmpty, state: gate.state,
            findings: gate.findings.map { .init(asked: $0.asked, found: $0.found, truth: $0.truth) })
    }
}

extension PolicyExplanation.Rule {
    fileprivate init(_ rule: Surplus_V1_PolicyRule) {
        let budget = rule.budgetPer.nonEmpty.map { per in
            Budget(
                credits: Microcredits(rule.budgetMicrocredits), per: per, paid: Microcredits(rule.paidMicrocredits),
                reserved: Microcredits(rule.reservedMicrocredits), left: Microcredits(rule.leftMicrocredits))
        }
        self.init(
            name: rule.name, condition: .init(rule.gate), wants: Amounts(shown: rule.amounts), nodes: Int(rule.nodes),
            leases: rule.leases, idleLeases: rule.idleLeases, isAsking: rule.asking, shortage: rule.shortage.nonEmpty,
            budget: budget)
    }
}

extension PolicyExplanation.Decay {
    fileprivate init(_ decay: Surplus_V1_PolicyDecay) {
        self.init(
            rule: DecayRule(rate: BasisPoints(decay.rateBasisPoints), idle: Microseconds(decay.idleMicroseconds)),
            idle: decay.idle.map { idle in
                Idle(
                    peer: idle.peer, peerName: idle.peerName, owedToUs: idle.owedToUs,
                    idle: Microcredits(idle.idleMicrocredits), stood: Microseconds(idle.stoodMicroseconds),
                    decayed: Microcredits(idle.decayedMicrocredits),
                    peerAllows: idle.hasPeerAllows
                        ? DecayRule(
                            rate: BasisPoints(idle.peerAllows.rateBasisPoints),
                            idle: Microseconds(idle.peerAllows.idleMicroseconds)) : nil,
                    refused: idle.refused.nonEmpty)
            })
    }
}

extension PolicyForecast {
    fileprivate init(_ message: Surplus_V1_PolicyForecast) {
        self.init(
            of: message.resource,
            Use(
                samplesSeen: message.samplesSeen, samplesNeeded: message.samplesNeeded,
                sample: Microseconds(message.sampleMicroseconds)),
            for: Microseconds(message.termMicroseconds),
            Levels(
                median: message.hasMedianBasisPoints ? message.medianBasisPoints : nil,
                tenth: message.hasTenthBasisPoints ? message.tenthBasisPoints : nil,
                hundredth: message.hasHundredthBasisPoints ? message.hundredthBasisPoints : nil),
            threshold: BasisPoints(message.thresholdBasisPoints), promise: BasisPoints(message.promiseBasisPoints),
            risk: PartsPerMillion(message.riskPartsPerMillion), reason: message.reason, text: message.text,
            Record(
                appetite: BasisPoints(message.appetiteBasisPoints),
                takenBack: PartsPerMillion(message.takenBackPartsPerMillion), samples: message.leaseSamples))
    }
}
