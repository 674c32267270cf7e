import Bookkeeping
import Policy
import Resources
import TestKit
import Testing
import Trading

@testable import Node

@Suite("Decay of idle credits")
struct DecayTests {
    private static let rule = DecayRule(rate: .percent(10), idle: .days(30))

    private static func policy(_ rule: DecayRule?) -> LendingPolicy { Pool.policy(credit: CreditRule(decay: rule)) }

    /// Node 0 owes node 1.
    private static func owing(_ amount: Microcredits = 1_000_000, _ rule: DecayRule? = rule) -> Pool {
        Pool(2, policy: policy(rule), owing: [.init(0, 1, amount)])
    }

    private func owed(_ pool: Pool) -> Microcredits { pool.balance(1, with: 0) }

    private func steps(_ pool: Pool) -> [[TransferID]] {
        pool.members.map { $0.store.transfers.filter { [$0.debit, $0.credit].contains(.decayed) }.map(\.id) }
    }

    /// Both sides have the same of it, and what one lost the other owes less.
    private func expectAlike(_ pool: Pool, _ place: String = "", sourceLocation: SourceLocation = #_sourceLocation) {
        pool.expectRest(sourceLocation: sourceLocation)
        let ids = steps(pool)
        #expect(ids[0] == ids[1] && Set(ids[0]).count == ids[0].count, "\(place)", sourceLocation: sourceLocation)
        let lost = pool.members.map { $0.node.books.balance(of: .decayed).net }
        #expect(lost[0] + lost[1] == .zero && lost[1] >= .zero, "\(place)", sourceLocation: sourceLocation)
    }

    @Test("What stood for the time of the rule loses its share, and again after each such time, alike on both sides")
    func decays() {
        var pool = Self.owing()
        pool.advance(by: .days(29))
        #expect(owed(pool) == 1_000_000)
        pool.advance(by: .days(2))
        #expect(owed(pool) == 900_000)
        pool.advance(by: .days(60))
        #expect(owed(pool) == 729_000 && steps(pool)[0].count == 3)
        expectAlike(pool)
    }

    @Test("Only what stood all the time is idle: what came later, and what was used, is not")
    func leastCounts() throws {
        var pool = Self.owing()
        pool.advance(by: .days(10))
        // node 1 is owed more, at the price of a credit per core-hour
        let lease = try pool.borrow()
        pool.use(lease, cpu: 600_000_000)
        pool.advance(by: .hours(1))
        let all = owed(pool)
        #expect(all > 1_100_000)
        pool.advance(by: .days(21))
        #expect(owed(pool) == all - 100_000)
        expectAlike(pool)
    }

    @Test("What is reserved for leases does not decay, and no debt is left to the other side")
    func reservations() throws {
        var pool = Self.owing(200_000)
        // Node 1 spends what it is owed: the most that this lease can cost is more than that.
        let request = RequestID(high: 1 << 41, low: 1)
        pool.feed(.borrow(request, Pool.want(cores: 2, renewsItself: true), from: [pool.members[0].id]), to: 1)
        pool.deliver()
        let lease = try #require(try pool.members[1].decisions[request]?.get().first)
        pool.advance(by: .days(31))
        #expect(owed(pool) == 200_000 && steps(pool) == [[], []])
        pool.feed(.release(lease), to: 1)
        pool.advance(by: .hours(3))
        pool.advance(by: .days(31))
        #expect(owed(pool) == 180_000)
        expectAlike(pool)
    }

    @Test("Nothing decays unless both policies say so; where they differ the lower rate and the longer time hold")
    func bothPolicies() {
        let cases: [(debtor: DecayRule?, creditor: DecayRule?, left: Microcredits)] = [
            (Self.rule, nil, 1_000_000), (nil, Self.rule, 1_000_000),
            (Self.rule, DecayRule(rate: .percent(9)), 910_000),
            (Self.rule, DecayRule(rate: .percent(10), idle: .days(31)), 900_000),
            (DecayRule(rate: .percent(50), idle: .days(1)), DecayRule(rate: .percent(20), idle: .days(40)), 800_000),
            (DecayRule(rate: .percent(5), idle: .days(1)), DecayRule(rate: .percent(20), idle: .days(40)), 950_000),
            (DecayRule(rate: .percent(50), idle: .days(40)), DecayRule(rate: .percent(20), idle: .days(1)), 800_000),
            (Self.rule, DecayRule(rate: .percent(50), idle: .days(1)), 900_000), (Self.rule, Self.rule, 900_000),
        ]
        for (debtor, creditor, left) in cases {
            var pool = Self.owing()
            pool.feed(.policy(Self.policy(debtor)), to: 0)
            pool.feed(.policy(Self.policy(creditor)), to: 1)
            pool.advance(by: .days(45))
            #expect(owed(pool) == left, "\(String(describing: debtor)) and \(String(describing: creditor))")
            expectAlike(pool)
        }
    }

    @Test("What has decayed was not lent: it raises nobody's limit")
    func limits() {
        let credit = CreditRule(granted: .credits(10), newcomers: .credits(2), decay: Self.rule)
        var pool = Pool(2, policy: Pool.policy(credit: credit), owing: [.init(0, 1, 1_000_000)])
        pool.advance(by: .days(31))
        #expect(owed(pool) == 900_000)
        for _ in 0..<2 {
            let debtor = Borrower(id: pool.members[0].id, name: "", user: "")
            #expect(pool.members[1].node.creditLimit(of: debtor) == .credits(2))
            pool.restart(1)
        }
        #expect(pool.members[1].node.books.trustLine(with: pool.members[0].id)?.granted == 2_000_000)
    }

    private func told(_ kind: String, _ pool: Pool) -> [[String]] {
        pool.members.map { $0.store.events.filter { $0.kind == kind }.map(\.text) }
    }

    @Test("A refusal is told once with its reason, and asked again no sooner than the time of the rule")
    func refusal() {
        var pool = Self.owing()
        pool.feed(.policy(Self.policy(nil)), to: 1)
        pool.advance(by: .days(100))
        for texts in told("decay.refused", pool) {
            #expect(texts.count == 1 && texts.allSatisfy { $0.contains("its policy does not let idle credits decay") })
        }
        let side = DecayEntry.Side(pool.members[1].id, isOwed: false)
        #expect(pool.members[0].node.decays[side]?.number == 3)
        pool.feed(.policy(Self.policy(Self.rule)), to: 1)
        pool.advance(by: .days(31))
        #expect(owed(pool) == 900_000)
        #expect(told("decay.proposed", pool)[0].count == 1)
    }

    @Test("What the creditor allows is learned from one refusal, kept over a restart, and learned anew from each step")
    func commonPart() throws {
        var pool = Self.owing()
        pool.feed(.policy(Self.policy(DecayRule(rate: .percent(50), idle: .days(10)))), to: 0)
        let creditor = DecayRule(rate: .percent(20), idle: .days(20))
        pool.feed(.policy(Self.policy(creditor)), to: 1)
        pool.advance(by: .days(21))
        #expect(owed(pool) == 800_000)
        pool.restart(0)
        pool.advance(by: .days(21))
        #expect(owed(pool) == 640_000)
        #expect(told("decay.refused", pool).map(\.count) == [1, 1])
        let side = DecayEntry.Side(pool.members[1].id, isOwed: false)
        #expect(pool.members[0].node.decays[side]?.allowed == creditor)
        pool.feed(.policy(Self.policy(DecayRule(rate: .percent(50), idle: .days(10)))), to: 1)
        pool.advance(by: .days(21))
        #expect(owed(pool) == 512_000)
        pool.advance(by: .days(11))
        #expect(owed(pool) == 256_000)
        expectAlike(pool)
    }

    @Test("A creditor that says something else of its policy each time is not asked more often for that")
    func changingWord() throws {
        var pool = Self.owing()
        pool.isLost = { if case .decay = $0.message { true } else { false } }
        let (debtor, creditor) = (pool.members[0].id, pool.members[1].id)
        pool.advance(by: .days(31))
        for rate in 1...50 {
            let number = try #require(pool.members[0].node.decays[DecayEntry.Side(creditor, isOwed: false)]?.number)
            let word = DecayMessage.refused(
                number: number, Refusal(term: "decay", reason: "no \(rate)"), allows: DecayRule(rate: BasisPoints(Int64(rate))))
            pool.feed(.message(from: creditor, .decay(word)), to: 0)
        }
        #expect(pool.members[0].node.decays[DecayEntry.Side(creditor, isOwed: false)]?.number == 2)
        #expect(debtor != creditor && owed(pool) == 1_000_000)
    }

    @Test("A rule counts from when it is adopted, and what stood idle before it was given up is not taken later")
    func adoption() {
        var pool = Self.owing(1_000_000, nil)
        pool.advance(by: .days(100))
        for index in 0...1 { pool.feed(.policy(Self.policy(Self.rule)), to: index) }
        pool.advance(by: .days(29))
        for index in 0...1 { pool.feed(.policy(Self.policy(nil)), to: index) }
        for index in 0...1 { pool.feed(.policy(Self.policy(Self.rule)), to: index) }
        pool.advance(by: .days(29))
        #expect(owed(pool) == 1_000_000)
        pool.advance(by: .days(2))
        #expect(owed(pool) == 900_000)
        expectAlike(pool)
    }

    @Test("While one side is away nothing decays; when it is back, one time of the rule is taken, whatever passed")
    func away() {
        var pool = Self.owing()
        pool.isLost = { $0.to == 1 }
        pool.advance(by: .days(100))
        #expect(owed(pool) == 1_000_000 && pool.balance(0, with: 1) == -1_000_000)
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        #expect(owed(pool) == 900_000)
        expectAlike(pool)
    }

    @Test("An answer that is lost is given again alike, however often it is asked for, and a late offer changes nothing")
    func answersAreRepeated() throws {
        var pool = Self.owing()
        var offers: [Pool.Envelope] = []
        pool.isLost = { if case .decay(.agreed) = $0.message { true } else { false } }
        pool.advance(by: .days(30))
        pool.feed(.tick, to: 0)
        offers = pool.wire
        pool.advance(by: .hours(2))
        #expect(owed(pool) == 900_000 && pool.balance(0, with: 1) == -1_000_000)
        pool.isLost = { _ in false }
        pool.advance(by: .hours(1))
        expectAlike(pool)
        #expect(owed(pool) == 900_000)
        pool.wire += offers
        pool.advance(by: .days(31))
        for offer in offers { pool.feed(.message(from: pool.members[0].id, offer.message), to: 1) }
        pool.deliver()
        #expect(owed(pool) == 810_000)
        expectAlike(pool)
    }

    @Test("A debtor whose ledger was restored goes on behind what it has lost, whatever its creditor has answered")
    func restored() throws {
        var pool = Self.owing()
        pool.advance(by: .days(65))
        #expect(owed(pool) == 810_000)
        let side = DecayEntry.Side(pool.members[1].id, isOwed: false)
        pool.members[0].node.decays[side]?.number = 0
        pool.advance(by: .days(30))
        #expect(owed(pool) == 729_000 && steps(pool)[0].count == 3)
        #expect(pool.members[0].store.events.contains { $0.kind == "decay.refused" && $0.text.contains("later numbers") })
        #expect(pool.members[0].node.decays[side]?.isOpen == false)
        expectAlike(pool)
    }

    @Test("What a peer's program cannot read is not waited for, and is proposed again now and then")
    func withheld() {
        var pool = Self.owing()
        pool.isLost = { if case .decay = $0.message { true } else { false } }
        pool.advance(by: .days(30))
        pool.feed(.tick, to: 0)
        guard let proposed = pool.members[0].node.decays.values.first?.proposed else {
            Issue.record("nothing is proposed")
            return
        }
        let offer = TradeMessage.decay(.offer(document: proposed.document, proposed.signature))
        pool.feed(.withheld(offer, from: pool.members[1].id), to: 0)
        #expect(pool.members[0].node.decays.values.allSatisfy { !$0.isOpen })
        pool.isLost = { _ in false }
        pool.advance(by: .days(31))
        #expect(owed(pool) == 900_000)
        expectAlike(pool)
    }

    @Test("A change that its creditor has refused can never be agreed to later, by whoever repeats it")
    func refusedForGood() throws {
        var pool = Self.owing()
        pool.feed(.policy(Self.policy(nil)), to: 1)
        // somebody on the way keeps what is offered, and gives it again when the creditor would agree
        var kept: TradeMessage?
        pool.stand(for: .days(31))
        pool.feed(.tick, to: 0)
        kept = pool.wire.first { if case .decay(.offer) = $0.message { true } else { false } }?.message
        pool.deliver()
        pool.feed(.policy(Self.policy(DecayRule(rate: .percent(50), idle: .minutes(1)))), to: 1)
        pool.advance(by: .days(1))
        pool.feed(.message(from: pool.members[0].id, try #require(kept)), to: 1)
        pool.deliver()
        #expect(owed(pool) == 1_000_000)
        expectAlike(pool)
    }

    @Test("What is not signed by the debtor, or by the creditor, or is more than was offered, moves nothing")
    func forgeries() throws {
        var pool = Self.owing()
        pool.stand(for: .days(31))
        pool.feed(.tick, to: 0)
        let offer = try #require(
            pool.wire.lazy.compactMap {
                if case .decay(.offer(let document, _)) = $0.message { try? Decay(document: document) } else { nil }
            }.first)
        pool.wire = []
        var more = offer
        (more.idle, more.amount) = (2_000_000, 200_000)
        let (debtor, creditor) = (pool.notary(0), pool.notary(1))
        let (ids, document) = (pool.members.map(\.id), offer.document)
        pool.feed(.message(from: ids[0], .decay(.offer(document: document, creditor.sign(document)))), to: 1)
        pool.feed(.message(from: ids[0], .decay(.offer(document: more.document, debtor.sign(document)))), to: 1)
        for (answer, signature) in [
            (more.document, creditor.sign(more.document)), (document, debtor.sign(document)),
            (document, creditor.sign(more.document)),
        ] {
            pool.feed(.message(from: ids[1], .decay(.agreed(number: 1, document: answer, signature, allows: nil))), to: 0)
        }
        let unasked = DecayMessage.agreed(number: 2, document: document, creditor.sign(document), allows: nil)
        pool.feed(.message(from: ids[1], .decay(unasked)), to: 0)
        #expect(owed(pool) == 1_000_000 && steps(pool) == [[], []])
        pool.advance(by: .hours(1))
        #expect(owed(pool) == 900_000)
        expectAlike(pool)
    }

    @Test("A document that is out of bounds is no decay")
    func documents() throws {
        let good = Decay(
            transfer: TransferID(high: 1, low: 1), number: 1, debtor: NodeID(high: 1, low: 1), creditor: NodeID(high: 1, low: 2),
            rule: Self.rule, idle: 1000, amount: 100, issued: Timestamp(microseconds: 1_800_000_000_000_000))
        #expect(try Decay(document: good.document) == good)
        func bad(_ change: (inout Decay) -> Void) -> Bool {
            var decay = good
            change(&decay)
            return (try? Decay(document: decay.document)) == nil
        }
        #expect(bad { $0.amount = 101 } && bad { $0.amount = 0 } && bad { $0.number = 0 } && bad { $0.creditor = $0.debtor })
        #expect(bad { $0.rule.rate = .percent(51) } && bad { $0.rule.idle = .seconds(1) } && bad { $0.idle = -1 })
        #expect((try? Decay(document: Array(good.document.dropLast()))) == nil)
    }

    @Test("Civil time that is set does not make credits idle sooner, nor a reboot")
    func clocks() {
        var pool = Self.owing()
        pool.advance(by: .days(10))
        pool.setClock(forwardBy: .days(40))
        pool.advance(by: .days(10))
        #expect(owed(pool) == 1_000_000)
        pool.reboot(taking: .minutes(5))
        pool.advance(by: .days(9))
        #expect(owed(pool) == 1_000_000)
        pool.advance(by: .days(2))
        #expect(owed(pool) == 900_000)
        expectAlike(pool)
    }

    @Test(
        "Wherever either side dies between records and actions, both have booked each step once, and the same",
        arguments: [.beforeCommit] + (0...2).map { Pool.Crash.afterCommit(actions: $0) })
    func crashes(_ crash: Pool.Crash) {
        func run(_ outcome: Int?) -> Pool {
            var pool = Self.owing()
            let before = pool.outcomes
            if let outcome { pool.crash = (before + outcome, crash) }
            pool.advance(by: .days(65))
            return pool
        }
        let whole = run(nil).outcomes - Self.owing().outcomes
        #expect(whole >= 8)
        for outcome in 1...whole {
            let pool = run(outcome)
            #expect(owed(pool) == 810_000, "outcome \(outcome)")
            expectAlike(pool, "outcome \(outcome)")
        }
    }
}
