import Policy
import Resources
import Testing

@Suite("Decisions about asks")
struct DecisionTests {
    let borrower = Borrower(id: NodeID(high: 1, low: 1), name: "node1")
    let policy = LendingPolicy(
        name: "test",
        cpu: ResourceRule(threshold: .percent(80), share: .percent(75), price: .credits(1), floor: 700_000),
        memory: ResourceRule(threshold: .percent(75), share: .percent(50), price: 200_000))
    let idle = Standing(
        capacity: Amounts(cpu: .cores(8), memory: .gibibytes(16)), ownerUsage: .zero, committed: .zero, openLeases: 0,
        creditHeadroom: .credits(10))
    let prices = Prices(cpu: .credits(1), memory: 200_000)

    func ask(
        cpu: Millicores = .cores(2), memory: Bytes = .gibibytes(1), least: Amounts? = nil, term: Microseconds = .minutes(10),
        bid: Prices? = nil, round: Int = 1
    ) -> Ask {
        Ask(amounts: Amounts(cpu: cpu, memory: memory), least: least, term: term, bid: bid ?? prices, round: round)
    }

    func decide(_ ask: Ask, _ policy: LendingPolicy? = nil, _ standing: Standing? = nil) -> Decision {
        (policy ?? self.policy).decide(ask, from: borrower, given: standing ?? idle)
    }

    // MARK: Amounts

    @Test("The share bounds what an idle owner lends, the threshold what a busy one does")
    func lendable() {
        #expect(policy.lendable(given: idle) == Amounts(cpu: .cores(6), memory: .gibibytes(8)))
        var busy = idle
        busy.ownerUsage = Amounts(cpu: .cores(5), memory: .gibibytes(10))
        #expect(policy.lendable(given: busy) == Amounts(cpu: Millicores(1400), memory: .gibibytes(2)))
        busy.committed = Amounts(cpu: .cores(1), memory: .gibibytes(3))
        #expect(policy.lendable(given: busy) == Amounts(cpu: Millicores(400), memory: .zero))
    }

    @Test("An ask within everything is offered as it is")
    func plainOffer() {
        let terms = Terms(
            amounts: Amounts(cpu: .cores(2), memory: .gibibytes(1)), prices: prices, term: .minutes(10), notice: .standard)
        #expect(decide(ask()) == .offer(terms))
    }

    @Test("When less is free than asked, but enough, what is free is the counter-proposal; in the last round the offer")
    func lessIsFree() throws {
        let modest = Amounts(cpu: .cores(4), memory: .gibibytes(1))
        let greedy = ask(cpu: .cores(7), least: modest)
        let (terms, reason) = try #require(decide(greedy).countered)
        #expect(terms.amounts.cpu == .cores(6))
        #expect(reason == "6 cores of cpu can be lent now (asked for: 7 cores)")
        #expect(decide(ask(cpu: .cores(7), least: modest, round: 4)).offered?.amounts.cpu == .cores(6))
    }

    @Test("What can never be lent is refused without a time to try again")
    func never() {
        let refusal = decide(ask(cpu: .cores(7))).refused
        #expect(refusal?.reason == "at most 6 cores of cpu can ever be lent (asked for: at least 7 cores)")
        #expect(refusal?.retryAfter == nil)
    }

    @Test("When not even the least is free, the refusal names the resource, the numbers and when to try again")
    func nothingFree() {
        var busy = idle
        busy.committed = Amounts(cpu: .cores(1), memory: .zero)
        let refusal = decide(ask(cpu: .cores(6)), nil, busy).refused
        #expect(refusal?.term == "cpu")
        #expect(refusal?.reason == "5 cores of cpu can be lent now (asked for: at least 6 cores)")
        #expect(refusal?.retryAfter == .seconds(30))
        #expect(decide(ask(memory: .gibibytes(9))).refused?.term == "memory")
    }

    @Test("A resource without a rule is not lent")
    func notLent() {
        var cpuOnly = policy
        cpuOnly.memory = nil
        #expect(decide(ask(), cpuOnly).refused?.term == "policy")
        #expect(decide(ask(memory: .zero), cpuOnly).offered?.prices.memory == .zero)
    }

    // MARK: Term

    @Test("Longer terms are countered with the longest, and refused in the last round")
    func longTerm() {
        let wish = ask(term: .hours(2))
        #expect(decide(wish).countered?.0.term == .minutes(15))
        #expect(decide(ask(term: .hours(2), round: 4)).refused?.term == "term")
    }

    @Test("Terms below the shortest are refused for good")
    func shortTerm() {
        let refusal = decide(ask(term: .milliseconds(10))).refused
        #expect(refusal?.term == "term")
        #expect(refusal?.retryAfter == nil)
    }

    // MARK: Prices

    @Test("A bid above the asking price pays the asking price")
    func generousBid() {
        #expect(decide(ask(bid: Prices(cpu: .credits(5), memory: .credits(5)))).offered?.prices == prices)
    }

    @Test(
        "The acceptable price falls to the floor in equal steps over the rounds",
        arguments: zip(1...3, [1_000_000, 900_000, 800_000] as [Microcredits]))
    func concession(round: Int, acceptable: Microcredits) {
        let low = ask(bid: Prices(cpu: 100_000, memory: 200_000), round: round)
        #expect(decide(low).countered?.0.prices.cpu == acceptable)
        #expect(decide(ask(bid: Prices(cpu: acceptable, memory: 200_000), round: round)).offered?.prices.cpu == acceptable)
    }

    @Test("The last round accepts the floor, and refuses what is below it with both prices")
    func lastRound() {
        #expect(decide(ask(bid: Prices(cpu: 700_000, memory: 200_000), round: 4)).offered?.prices.cpu == 700_000)
        let refusal = decide(ask(bid: Prices(cpu: 699_999, memory: 200_000), round: 4)).refused
        #expect(refusal?.term == "price")
        #expect(refusal?.reason == "0.7 credits per core-hour is the lowest price in round 4, the bid is 0.699999 credits")
    }

    // MARK: Borrowers, leases, credit

    @Test("Only those whom the policy names borrow, by name or by id")
    func borrowers() {
        for (borrowers, admitted) in [
            (.everyone, true), (.nobody, false), (Borrowers(.only(["node1"])), true), (Borrowers(.only(["node2"])), false),
            (Borrowers(.only([borrower.id.description])), true), (Borrowers(.everyone, except: ["node1"]), false),
            (Borrowers(.only(["node1"]), except: [borrower.id.description]), false),
        ] as [(Borrowers, Bool)] {
            #expect(borrowers.admits(borrower) == admitted)
            var policy = policy
            policy.borrowers = borrowers
            #expect((decide(ask(), policy).offered != nil) == admitted)
        }
    }

    @Test("No more leases than the policy allows")
    func leases() {
        var full = idle
        full.openLeases = policy.maximumLeases
        #expect(decide(ask(), nil, full).refused?.term == "leases")
        #expect(decide(ask(), nil, full).refused?.retryAfter != nil)
    }

    @Test("With little credit the counter-proposal is the longest term it covers, in whole seconds")
    func littleCredit() throws {
        var standing = idle
        standing.creditHeadroom = 100_000
        let (terms, reason) = try #require(decide(ask(), nil, standing).countered)
        #expect(terms.term < .minutes(10))
        #expect(terms.ceiling.credits <= standing.creditHeadroom)
        #expect(terms.prices.ceiling(for: terms.amounts, term: terms.term + .seconds(1)) > standing.creditHeadroom)
        #expect(reason.contains("of credit is missing"))
    }

    @Test("Without credit the refusal says how much is missing")
    func noCredit() {
        var standing = idle
        standing.creditHeadroom = .zero
        let refusal = decide(ask(), nil, standing).refused
        #expect(refusal?.term == "credit")
        #expect(refusal?.reason.contains("0.366667 credits of credit is missing") == true)
    }

    @Test("What is given away needs no credit")
    func gift() {
        var free = policy
        free.cpu?.pricing = .fixed(.zero)
        free.memory?.pricing = .fixed(.zero)
        var standing = idle
        standing.creditHeadroom = .zero
        #expect(decide(ask(bid: .free), free, standing).offered?.prices == .free)
    }

    @Test("One counter-proposal settles everything at once, so that taking it needs one more round")
    func oneCounter() throws {
        let wish = ask(
            cpu: .cores(7), least: Amounts(cpu: .cores(1), memory: .gibibytes(1)), term: .hours(3), bid: .free)
        let (terms, reason) = try #require(decide(wish).countered)
        #expect(reason.split(separator: ";").count == 4)
        let taken = Ask(amounts: terms.amounts, term: terms.term, bid: terms.prices, round: 2)
        #expect(decide(taken).offered?.amounts == terms.amounts)
    }

    @Test("A policy that lends nothing says so to everybody")
    func closed() {
        #expect(decide(ask(), LendingPolicy(name: "closed")).refused?.reason == "policy 'closed' lends nothing")
    }
}

extension Decision {
    var offered: Terms? {
        if case .offer(let terms) = self { terms } else { nil }
    }
    var countered: (Terms, String)? {
        if case .counter(let terms, let reason) = self { (terms, reason) } else { nil }
    }
    var refused: Refusal? {
        if case .refuse(let refusal) = self { refusal } else { nil }
    }
}
