import Node
import Policy
import Resources
import Testing
import Trading

@Suite("Alternatives")
struct AlternativeTests {
    /// What is said to node 0 that wants something of node 1 which it does not get.
    private func refusal(_ pool: inout Pool, _ want: Want) throws -> Refusal {
        let request = pool.ask(want)
        pool.deliver()
        guard case .failure(let refusal)? = pool.members[0].decisions[request] else {
            throw Refusal(term: "test", reason: "it was lent")
        }
        return refusal
    }

    private func alternative(_ kind: Alternative.Kind, in refusal: Refusal) throws -> Alternative {
        try #require(refusal.alternatives?.first { $0.kind == kind }, "\(refusal)")
    }

    @Test("Less is what is free now, and asking for it gets it")
    func less() throws {
        var pool = Pool()
        _ = try pool.borrow(Pool.want(cores: 5))
        let refusal = try refusal(&pool, Pool.want(cores: 4))
        let less = try alternative(.less, in: refusal)
        #expect(less.terms.amounts == Amounts(cpu: .cores(1)) && less.node == pool.members[1].id)
        var want = Pool.want(cores: 1, term: less.terms.term)
        want.maxPrices = less.terms.prices
        _ = try pool.borrow(want)
    }

    @Test("Where amount and term are too much, less is what is lent for the longest term")
    func lessForLess() throws {
        var pool = Pool()
        let refusal = try refusal(&pool, Pool.want(cores: 7, term: .hours(100)))
        let less = try alternative(.less, in: refusal)
        #expect(less.terms.amounts == Amounts(cpu: .cores(6)) && less.terms.term == pool.members[1].node.policy.longestTerm)
    }

    @Test("Where amount and price are too much, the nearest has both")
    func lessAndDearer() throws {
        var pool = Pool(
            policy: LendingPolicy(
                name: "test", cpu: ResourceRule(threshold: .whole, share: .percent(75), price: .credits(3), floor: .credits(2))))
        var want = Pool.want(cores: 7)
        want.maxPrices.cpu = .credits(1)
        let dearer = try alternative(.dearer, in: try refusal(&pool, want))
        #expect(dearer.terms.amounts == Amounts(cpu: .cores(6)) && dearer.terms.prices.cpu == .credits(2))
    }

    @Test("Later is the earliest time at which all of it is free, and asking for it gets it")
    func later() throws {
        var pool = Pool()
        let first = try pool.borrow(Pool.want(cores: 3, term: .minutes(5)))
        _ = try pool.borrow(Pool.want(cores: 3, term: .minutes(12)))
        let ends = try #require(pool.lease(first, 1)).ends.utc
        let refusal = try refusal(&pool, Pool.want(cores: 2))
        let later = try alternative(.later, in: refusal)
        let start = try #require(later.terms.start)
        #expect(start >= ends && start - ends <= .seconds(4), "\(start - ends)")
        let promised = try pool.borrow(Pool.want(cores: 2, start: start))
        pool.advance(by: .minutes(6))
        #expect(pool.lease(promised, 1)?.state == .active)
    }

    @Test("Dearer is the lowest price that is accepted, and bidding it gets it")
    func dearer() throws {
        var pool = Pool(
            policy: LendingPolicy(
                name: "test", cpu: ResourceRule(threshold: .whole, share: .percent(75), price: .credits(3), floor: .credits(2))))
        var want = Pool.want()
        want.maxPrices.cpu = .credits(1)
        let refusal = try refusal(&pool, want)
        #expect(refusal.term == "price")
        let dearer = try alternative(.dearer, in: refusal)
        #expect(dearer.terms.prices.cpu == .credits(2))
        want.maxPrices.cpu = dearer.terms.prices.cpu
        _ = try pool.borrow(want)
    }

    @Test("Of several lenders the nearest of each kind is named")
    func nearest() throws {
        var pool = Pool(3)
        _ = try pool.borrow(Pool.want(cores: 5))
        _ = try pool.borrow(Pool.want(cores: 3))
        let refusal = try refusal(&pool, Pool.want(cores: 6))
        #expect(refusal.alternatives?.count { $0.kind == .less } == 1)
        #expect(try alternative(.less, in: refusal).terms.amounts == Amounts(cpu: .cores(3)))
    }

    @Test("Who may not borrow at all is told of nothing else")
    func nobody() throws {
        var policy = Pool.policy()
        policy.borrowers = .nobody
        var pool = Pool(policy: policy)
        #expect(try refusal(&pool, Pool.want()).alternatives == nil)
    }

    @Test("What could never be lent is not promised for later")
    func never() throws {
        var pool = Pool()
        let refusal = try refusal(&pool, Pool.want(cores: 7))
        #expect(refusal.alternatives?.contains { $0.kind == .later } == false)
        #expect(try alternative(.less, in: refusal).terms.amounts == Amounts(cpu: .cores(6)))
    }
}
