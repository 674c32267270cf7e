import Policy
import Resources
import Testing

/// Rules that hold for any policy, ask and standing, tried on random ones.
@Suite("Decisions in general")
struct DecisionPropertyTests {
    private struct Case {
        let policy: LendingPolicy
        let ask: Ask
        let standing: Standing
        let borrower = Borrower(id: NodeID(high: 3, low: 4), name: "node")

        init(using random: inout SeededGenerator) {
            func number(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
            func rule() -> ResourceRule? {
                guard !random.chance(.percent(5)) else { return nil }
                let price = Microcredits(number(0...2_000_000))
                return ResourceRule(
                    threshold: BasisPoints(number(1...10_000)), share: BasisPoints(number(1...10_000)), price: price,
                    floor: Microcredits(number(0...price.rawValue)))
            }
            func amounts(_ range: ClosedRange<Int64>) -> Amounts {
                Amounts(cpu: Millicores(number(range) * 250), memory: .mebibytes(number(range) * 256))
            }
            policy = LendingPolicy(
                name: "random", cpu: rule(), memory: rule(), longestTerm: .seconds(number(60...3600)),
                notices: .only(NoticeClass.allCases[Int(number(0...3))]), maximumLeases: 20)
            let asked = amounts(0...16)
            ask = Ask(
                amounts: asked, least: asked.limited(to: amounts(0...8)), term: Microseconds(number(1...3_600_000_000)),
                bid: Prices(cpu: Microcredits(number(0...2_000_000)), memory: Microcredits(number(0...2_000_000))),
                round: Int(number(1...4)))
            standing = Standing(
                capacity: amounts(16...64), ownerUsage: amounts(0...32), committed: amounts(0...8),
                openLeases: Int(number(0...21)), creditHeadroom: Microcredits(number(-100_000...5_000_000)))
        }

        var decision: Decision { policy.decide(ask, from: borrower, given: standing) }
    }

    private func forEachCase(_ check: (Case) throws -> Void) rethrows {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<5000 { try check(Case(using: &random)) }
    }

    @Test("Neither offers nor counter-proposals exceed what is lendable")
    func lendable() {
        forEachCase { each in
            guard let terms = each.decision.offered ?? each.decision.countered?.0 else { return }
            #expect(terms.amounts.fits(in: each.policy.lendable(given: each.standing)))
            #expect(terms.amounts.isPositive)
            #expect(terms.term <= each.policy.longestTerm && terms.term >= each.policy.shortestTerm)
            #expect(each.policy.notices.classes == [terms.notice])
        }
    }

    @Test("What is lendable leaves owner and guests together below the threshold and guests within the share")
    func threshold() {
        forEachCase { each in
            let capacity = each.standing.capacity
            let lendable = each.policy.lendable(given: each.standing)
            guard lendable.cpu > .zero, let rule = each.policy.cpu else { return }
            let promised = lendable.cpu + each.standing.committed.cpu
            #expect(promised + each.standing.ownerUsage.cpu <= rule.threshold.of(capacity.cpu))
            #expect(promised <= rule.share.of(capacity.cpu))
        }
    }

    @Test("Offers stay between what the borrower could do with and what it asked for, and within its bid")
    func withinAsk() {
        var offers = 0
        forEachCase { each in
            guard let terms = each.decision.offered else { return }
            offers += 1
            #expect(each.ask.least.fits(in: terms.amounts) && terms.amounts.fits(in: each.ask.amounts))
            #expect(terms.prices.atMost(each.ask.bid))
            #expect(terms.term == each.ask.term)
        }
        #expect(offers > 100)
    }

    @Test("No price is below the floor or above the asking price")
    func prices() {
        forEachCase { each in
            guard let terms = each.decision.offered ?? each.decision.countered?.0 else { return }
            if terms.amounts.cpu > .zero, let rule = each.policy.cpu {
                let (asked, least) = rule.pricing.quote(at: .zero)
                #expect(terms.prices.cpu >= least && terms.prices.cpu <= asked)
            }
            if terms.amounts.memory > .zero, let rule = each.policy.memory {
                let (asked, least) = rule.pricing.quote(at: .zero)
                #expect(terms.prices.memory >= least && terms.prices.memory <= asked)
            }
        }
    }

    @Test("No offer or counter-proposal costs more than the borrower's credit covers")
    func credit() {
        forEachCase { each in
            guard let terms = each.decision.offered ?? each.decision.countered?.0, terms.prices != .free else { return }
            #expect(terms.ceiling.credits <= each.standing.creditHeadroom)
        }
    }

    @Test("A borrower that takes a counter-proposal gets it in the next round")
    func countersAreHonest() {
        var counters = 0
        forEachCase { each in
            guard let (terms, _) = each.decision.countered else { return }
            counters += 1
            let taken = Ask(amounts: terms.amounts, term: terms.term, bid: terms.prices, round: each.ask.round + 1)
            let answer = each.policy.decide(taken, from: each.borrower, given: each.standing)
            #expect(answer.offered?.amounts == terms.amounts)
        }
        #expect(counters > 100)
    }

    @Test("The last round ends with an offer or a refusal, and no refusal or counter-proposal is without a reason")
    func conclusive() {
        forEachCase { each in
            if each.ask.round == each.ask.rounds { #expect(each.decision.countered == nil) }
            if let (_, reason) = each.decision.countered { #expect(!reason.isEmpty) }
            if let refusal = each.decision.refused { #expect(!refusal.reason.isEmpty && !refusal.term.isEmpty) }
        }
    }

    @Test("The same question gets the same answer")
    func pure() {
        forEachCase { #expect($0.decision == $0.decision) }
    }

    @Test("Hostile numbers are refused, never calculated with")
    func hostile() {
        var random = SeededGenerator(seed: 9)
        let each = Case(using: &random)
        let extremes: [Int64] = [.min, -1, 0, 1, .max]
        for cpu in extremes {
            for memory in extremes {
                for rest in extremes where cpu != 1 || memory != 1 || rest != 1 {
                    let amounts = Amounts(cpu: Millicores(cpu), memory: Bytes(memory))
                    let asks = [
                        Ask(amounts: amounts, term: Microseconds(rest), bid: Prices(cpu: 1, memory: 1)),
                        Ask(amounts: amounts, least: amounts, term: .minutes(1), bid: Prices(cpu: Microcredits(rest), memory: 1)),
                        Ask(
                            amounts: Amounts(cpu: 1, memory: 1), least: amounts, term: .minutes(1),
                            bid: Prices(cpu: 1, memory: 1), round: Int(rest)),
                    ]
                    for ask in asks {
                        let decision = each.policy.decide(ask, from: each.borrower, given: each.standing)
                        #expect(decision.offered.map { Bounds.accepts($0.amounts) } ?? true)
                    }
                }
            }
        }
    }
}
