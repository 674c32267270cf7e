import Policy
import Resources
import Testing

@Suite("Limits")
struct LimitTests {
    private let node1 = NodeID(high: 1, low: 1)
    private let node2 = NodeID(high: 2, low: 2)
    private let idle = Standing(
        capacity: Amounts(cpu: .cores(8), memory: .gibibytes(16)), ownerUsage: .zero, committed: .zero, openLeases: 0,
        creditHeadroom: .credits(10))

    private func policy(_ rules: [LimitRule] = [], groups: [Group] = [], notices: NoticeMenu = .only(.standard)) -> LendingPolicy
    {
        LendingPolicy(
            name: "test", cpu: ResourceRule(threshold: .percent(80), share: .percent(75), price: .credits(1), floor: 500_000),
            memory: ResourceRule(threshold: .percent(75), share: .percent(50), price: 200_000),
            limits: LimitBook(rules: rules, groups: groups), notices: notices)
    }

    private func ask(
        cpu: Millicores = .cores(2), least: Millicores? = nil, term: Microseconds = .minutes(10), bid: Microcredits = .credits(5),
        notice: NoticeClass = .standard
    ) -> Ask {
        Ask(
            amounts: Amounts(cpu: cpu, memory: .gibibytes(1)), least: Amounts(cpu: least ?? cpu, memory: .gibibytes(1)),
            term: term,
            bid: Prices(cpu: bid, memory: bid), notice: notice)
    }

    private func decide(_ ask: Ask, _ restrictions: Restriction..., policy: LendingPolicy? = nil) -> Decision {
        var standing = idle
        standing.restrictions = restrictions
        return (policy ?? self.policy()).decide(ask, from: Borrower(id: node1, name: "node1", user: "anna"), given: standing)
    }

    // MARK: Whom a rule binds

    @Test("A borrower is bound by the rules about everyone, its node, its user, its groups and its roles, in the policy's order")
    func binding() {
        let subjects: [Subject] = [
            .user("anna", at: "node1"), .everyone, .peer("node2"), .peer("node1"), .peer(node1.description),
            .user("bert", at: nil),
            .user("anna", at: "node2"), .user("anna", at: nil), .group("render"), .group("others"), .role("operator"),
            .role("viewer"), .eachPeer, .eachUser,
        ]
        let groups = [
            Group(name: "render", users: [Group.User(name: "anna", node: nil)]), Group(name: "others", peers: ["node2"]),
        ]
        let book = LimitBook(rules: subjects.map { LimitRule($0, leases: 1) }, groups: groups)
        let borrower = Borrower(id: node1, name: "node1", roles: ["operator"], user: "anna")
        #expect(book.rules(for: borrower) == [0, 1, 3, 4, 7, 8, 10, 12, 13])
    }

    @Test("Amounts are counted together for groups and everyone, apart for each node and each user")
    func counting() {
        let group = Group(name: "g", peers: ["node1", "node2"])
        let book = LimitBook(groups: [group])
        let (anna1, bert1) = (Borrower(id: node1, name: "node1", user: "anna"), Borrower(id: node1, name: "node1", user: "bert"))
        let anna2 = Borrower(id: node2, name: "node2", user: "anna")
        func counted(_ subject: Subject) -> [Bool] {
            [anna1, bert1, anna2].map { book.counts($0, towards: LimitRule(subject), for: anna1) }
        }
        #expect(counted(.everyone) == [true, true, true])
        #expect(counted(.group("g")) == [true, true, true])
        #expect(counted(.eachPeer) == [true, true, false])
        #expect(counted(.role("r")) == [true, true, false])
        #expect(counted(.eachUser) == [true, false, false])
        #expect(counted(.user("anna", at: nil)) == [true, false, true])
        #expect(counted(.user("anna", at: "node1")) == [true, false, false])
    }

    // MARK: What it does

    @Test("The strictest of several limits counts, less what its subject has already")
    func strictest() {
        let taken = SubjectTally(amounts: Amounts(cpu: .cores(1)), leases: 1)
        let wide = Restriction(LimitRule(.everyone, cpu: .cores(4)), taken)
        let narrow = Restriction(LimitRule(.peer("node1"), cpu: .cores(2)), taken)
        let decision = decide(ask(cpu: .cores(3), least: 500), wide, narrow)
        #expect(decision.countered?.0.amounts.cpu == .cores(1))
        #expect(decision.countered?.1 == "peer node1 has 1 core left of at most 2 cores of cpu (asked for: 3 cores)")
    }

    @Test("What a limit can never give is refused for good, what it cannot give now for a while")
    func never() {
        let rule = LimitRule(.eachUser, cpu: .cores(2))
        #expect(decide(ask(cpu: .cores(3)), Restriction(rule)).refused?.retryAfter == nil)
        let busy = Restriction(rule, SubjectTally(amounts: Amounts(cpu: .cores(1)), leases: 1))
        #expect(decide(ask(cpu: .cores(2)), busy).refused?.retryAfter != nil)
    }

    @Test("The number of leases, the longest term and refusals bind")
    func other() {
        let full = Restriction(LimitRule(.group("g"), leases: 2), SubjectTally(leases: 2))
        #expect(decide(ask(), full).refused?.reason == "group g has 2 of at most 2 leases")
        let short = Restriction(LimitRule(.role("viewer"), longestTerm: .minutes(2)))
        #expect(decide(ask(), short).countered?.0.term == .minutes(2))
        #expect(decide(ask(), short).countered?.1.contains("2 min is the longest term for role viewer") == true)
        let refused = Restriction(LimitRule(.peer("node1"), refuses: true))
        #expect(decide(ask(), refused).refused?.reason == "policy 'test' does not lend to peer node1")
    }

    @Test("What several may owe together bounds the term that one can afford")
    func owed() {
        let rule = LimitRule(.group("g"), owes: .credits(1))
        let decision = decide(ask(), Restriction(rule, SubjectTally(owed: 900_000)))
        let affordable = decision.countered?.0
        #expect(affordable.map { $0.ceiling.credits <= 100_000 } == true)
        #expect(decide(ask(), Restriction(rule, SubjectTally(owed: .credits(1)))).refused?.term == "credit")
    }

    @Test("The most specific rule sets the price, and what a node may owe")
    func specific() {
        let rules = [
            LimitRule(.everyone, price: .percent(200)), LimitRule(.peer("node1"), owes: .credits(3), price: .percent(50)),
            LimitRule(.role("operator"), owes: .credits(7)),
        ]
        #expect(decide(ask(), Restriction(rules[0]), Restriction(rules[1])).offered?.prices.cpu == 500_000)
        let policy = policy(rules)
        #expect(
            policy.creditLimit(of: Borrower(id: node1, name: "node1", roles: ["operator"]), standing: PeerStanding())
                == .credits(3))
        #expect(
            policy.creditLimit(of: Borrower(id: node2, name: "node2", roles: ["operator"]), standing: PeerStanding())
                == .credits(7))
        #expect(policy.creditLimit(of: Borrower(id: node2, name: "node2"), standing: PeerStanding()) == .credits(10))
        #expect(policy.creditLimit(of: Borrower(id: node1, name: "node1"), standing: PeerStanding()) { $0 != 1 } == .credits(10))
    }

    // MARK: Prices and notice

    @Test("A price that follows scarcity rises with what is taken, by the owner or by guests")
    func scarcity() {
        let pricing = Pricing(whenIdle: .credits(1), whenScarce: .credits(3), floor: .share(.percent(50)))
        #expect(pricing.quote(at: .zero) == (.credits(1), 500_000))
        #expect(pricing.quote(at: .percent(50)) == (.credits(2), .credits(1)))
        #expect(pricing.quote(at: .whole) == (.credits(3), 1_500_000))
        var policy = policy()
        policy.cpu?.pricing = pricing
        var half = idle
        half.committed = Amounts(cpu: .cores(3))
        let borrower = Borrower(id: node1, name: "node1")
        #expect(policy.decide(ask(), from: borrower, given: half).offered?.prices.cpu == .credits(2))
        half.ownerUsage = Amounts(cpu: .cores(1))
        #expect(policy.decide(ask(), from: borrower, given: half).offered.map { $0.prices.cpu > .credits(2) } == true)
    }

    @Test("The weakest notice that is as good as the one asked for is offered, at its price; the best when none is")
    func notice() {
        let menu = NoticeMenu([.elastic: .percent(50), .standard: .whole, .firm: .percent(150)])
        func offered(_ notice: NoticeClass, _ restrictions: Restriction...) -> Terms? {
            var standing = idle
            standing.restrictions = restrictions
            let policy = policy(notices: menu)
            return policy.decide(ask(notice: notice), from: Borrower(id: node1, name: "node1"), given: standing).offered
        }
        #expect(offered(.elastic)?.prices.cpu == 500_000)
        #expect(offered(.notice).map { ($0.notice, $0.prices.cpu) } ?? (.elastic, 0) == (.firm, 1_500_000))
        let elasticOnly = Restriction(LimitRule(.eachPeer, notices: [.elastic]))
        #expect(offered(.firm, elasticOnly)?.notice == .elastic)
    }

    @Test("A firm lease gets no more, and for no longer, than can be promised; where that is too little it is another class")
    func firm() {
        func decide(_ cpu: Millicores, least: Millicores, firm: Millicores, _ menu: NoticeMenu) -> Decision {
            var standing = idle
            standing.firm = FirmRoom(
                amounts: Amounts(cpu: firm, memory: .gibibytes(8)), longestTerm: .minutes(5), reason: "the forecast says so",
                retryAfter: .minutes(5))
            return policy(notices: menu).decide(
                ask(cpu: cpu, least: least, notice: .firm), from: Borrower(id: node1, name: "node1"), given: standing)
        }
        let both = NoticeMenu([.standard: .whole, .firm: .percent(150)])
        let less = decide(.cores(4), least: .cores(1), firm: .cores(2), both).countered
        #expect(less?.0.notice == .firm && less?.0.amounts.cpu == .cores(2) && less?.0.term == .minutes(5))
        #expect(less?.1.contains("2 cores of cpu can be promised firmly now") == true)
        let other = decide(.cores(4), least: .cores(3), firm: .cores(2), both).countered
        #expect(other?.0.notice == .standard && other?.0.amounts.cpu == .cores(4) && other?.0.term == .minutes(10))
        let refused = decide(.cores(4), least: .cores(3), firm: .cores(2), .only(.firm)).refused
        #expect(refused?.term == "notice" && refused?.reason.contains("the forecast says so") == true)
        #expect(refused?.retryAfter == .minutes(5))
    }

    @Test("A resource that is not lent keeps no other from being promised firmly")
    func firmWithoutMemory() {
        var policy = policy(notices: .only(.firm))
        policy.memory = nil
        var standing = idle
        standing.firm = FirmRoom(amounts: Amounts(cpu: .cores(4)), longestTerm: .hours(1), reason: "")
        let ask = Ask(
            amounts: Amounts(cpu: .cores(2), memory: .gibibytes(1)), least: Amounts(cpu: .cores(1)), term: .minutes(10),
            bid: Prices(cpu: .credits(5), memory: .credits(5)), notice: .firm)
        let terms = policy.decide(ask, from: Borrower(id: node1, name: "node1"), given: standing)
        #expect((terms.offered ?? terms.countered?.0)?.amounts == Amounts(cpu: .cores(2)))
    }

    @Test("What a condition holds back is refused with its reading, and can be asked for again")
    func heldBack() {
        var standing = idle
        standing.heldBack = HoldBack(cpu: "cpu.utilisation < 30% asked, 62%")
        let borrower = Borrower(id: node1, name: "node1")
        let refusal = policy().decide(ask(), from: borrower, given: standing).refused
        #expect(refusal?.term == "condition" && refusal?.retryAfter != nil)
        #expect(refusal?.reason == "cpu is not lent now: cpu.utilisation < 30% asked, 62%")
        #expect(policy().lendable(given: standing) == Amounts(memory: .gibibytes(8)))
    }
}
