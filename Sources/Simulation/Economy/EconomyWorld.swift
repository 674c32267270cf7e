import Bookkeeping
import Policy
import Resources

/// A pool in which only credit is looked at: whoever wants something in an hour asks those it knows, who decide by the product's
/// policy, and both book it. There is no network, and nobody fails.
struct EconomyWorld: Sendable {
    /// No lease lasts longer.
    static let step = Microseconds.hours(1)
    /// A Monday, 2026-01-05.
    private static let beginning = Timestamp(microseconds: 1_767_571_200_000_000)

    let plan: EconomyPlan
    let policy: LendingPolicy
    /// What those who lend nothing have.
    let closed: LendingPolicy
    /// Who knows whom, and who asks first.
    var random: SeededGenerator
    var participants: [Participant]
    /// All there ever were; those that left keep what they owe.
    var identities: [PoolIdentity] = []
    /// Indices of those in the pool.
    var present: [Int] = []
    var now = Moment(boot: BootID("economy"), instant: Instant(microseconds: 0), utc: beginning)
    /// Since the beginning, in steps.
    private var hour = 0
    private(set) var isContended = false
    var openLeases: [EconomyLease] = []
    var leases = 0
    var refusedForCredit = 0
    var departed = 0
    var lost = Microcredits.zero
    var months: [EconomyMonth] = []
    var hash: TraceHash
    var violations: [Violation] = []

    init(_ plan: EconomyPlan) {
        self.plan = plan
        policy = plan.policy
        closed = LendingPolicy(name: "closed", credit: CreditRule(granted: .zero, owes: plan.limit))
        random = SeededGenerator(seed: plan.seed)
        hash = TraceHash(seed: plan.seed)
        participants = []
        for kind in ParticipantKind.allCases {
            for _ in 0..<plan.count(of: kind) {
                participants.append(Participant(kind: kind, plan: plan, random: SeededGenerator(seed: random.next())))
            }
        }
        found()
    }

    mutating func runDay(_ day: Int) {
        let month = day * 12 / 365
        while months.count <= month { months.append(EconomyMonth()) }
        admit(on: day)
        for _ in 0..<24 { runHour() }
        sample()
        audit()
        guard (day + 1) * 12 / 365 > month || day + 1 == plan.days else { return }
        months[month].gini = Gini.coefficient(of: present.map { identities[$0].balance })
        hash.combine(UInt64(months[month].gini.rawValue))
        hash.combine(UInt64(months[month].cannotPay.count))
        hash.combine(UInt64(months[month].needNotEarn.count))
    }

    private mutating func runHour() {
        advance(to: Self.step * Int64(hour))
        let supply = prepare(HourOfWeek(hour))
        let asking = present.filter { participants[identities[$0].participant].wanted > .zero }.shuffled(using: &random)
        let demand = asking.reduce(Millicores.zero) { $0 + participants[identities[$1].participant].wanted }
        isContended = demand > supply
        months[months.count - 1].hours += 1
        months[months.count - 1].contendedHours += isContended ? 1 : 0
        for borrower in asking { serve(borrower) }
        hour += 1
        advance(to: Self.step * Int64(hour))
        settle()
    }

    /// Draws what owners use and participants want in this hour; returns what can be spared altogether.
    private mutating func prepare(_ hour: HourOfWeek) -> Millicores {
        var supply = Millicores.zero
        for index in participants.indices {
            let (ownerUsage, wanted) = participants[index].workload.next(hour)
            guard let identity = participants[index].identity else { continue }
            let kind = participants[index].kind
            participants[index].wanted = kind.borrows ? wanted : .zero
            identities[identity].ownerUsage = ownerUsage
            identities[identity].committed = .zero
            identities[identity].openLeases = 0
            update(identity)
            supply += identities[identity].free
        }
        return supply
    }

    /// Counts anew what an identity could lend.
    mutating func update(_ index: Int) {
        let policy = participants[identities[index].participant].kind.lends ? policy : closed
        identities[index].free = policy.lendable(given: identities[index].standing(creditHeadroom: .zero)).cpu
    }

    /// Lets a participant ask for what it wants, and notes what it got.
    private mutating func serve(_ borrower: Int) {
        let (participant, month) = (identities[borrower].participant, months.count - 1)
        let kind = participants[participant].kind
        let wanted = CoreMicroseconds(participants[participant].wanted, for: Self.step)
        let outcome = borrow(wanted, by: borrower)
        var served = Served()
        served.note(wanted: wanted, missing: outcome.missing, isContended: isContended)
        participants[participant].served.add(served)
        months[month].served[kind, default: Served()].add(served)
        if kind.isMutual, let lacksCredit = outcome.lacksCredit { months[month].cannotPay.note(lacksCredit) }
    }

    /// Goes on to a time since the beginning, unless it is past.
    private mutating func advance(to time: Microseconds) { now = now + max(.zero, time - (now.utc - Self.beginning)) }

    /// A new id, at a moment of its own: books tell old ids from new ones by their age.
    mutating func newID<Tag>() -> Identifier<Tag> {
        now = now + .milliseconds(1)
        return Identifier(at: now.utc, using: &random)
    }

    mutating func violate(_ rule: String, _ index: Int, _ seen: String) {
        violations.append(
            Violation(rule: rule, node: identities[index].borrower.name, at: now.utc - Self.beginning, seen: seen))
    }

    var result: EconomyResult {
        var kinds = ParticipantKind.allCases.map(KindSummary.init)
        for participant in participants {
            for index in kinds.indices where kinds[index].kind == participant.kind { kinds[index].add(participant) }
        }
        return EconomyResult(
            plan: plan, hash: hash.value, months: months, kinds: kinds,
            contributions: ContributionGroup.tenths(of: participants), leases: leases, refusedForCredit: refusedForCredit,
            identities: identities.count, departed: departed, lost: lost, debts: debts, violations: violations)
    }

    /// What those in the pool owe each other.
    private var debts: [Debt] {
        let members = Set(present.map { identities[$0].id })
        return present.flatMap { index in
            identities[index].books.entries.compactMap { entry in
                let owed = Microcredits(entry.balance.net)
                guard case .peer(let peer) = entry.line.account, members.contains(peer), owed > .zero else { return nil }
                return Debt(debtor: peer, creditor: identities[index].id, amount: owed)
            }
        }
    }
}
