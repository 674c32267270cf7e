import Bookkeeping
import Configuration
import Policy
import Resources
import Testing

@testable import Simulation

@Suite("Economies")
struct EconomyTests {
    private static let usual = Economy.run(plan())

    private static func plan(seed: UInt64 = 1, days: Int = 10) -> EconomyPlan {
        var plan = EconomyPlan(nodes: 20, days: days, seed: seed)
        (plan.peers, plan.admission, plan.whitewashers) = (16, 3, .percent(10))
        return plan
    }

    /// With a credit for who has not lent yet.
    private static let afterDays: EconomyWorld = {
        var plan = Self.plan(days: 14)
        plan.bootstrap = .credits(1)
        var world = EconomyWorld(plan)
        for day in 0..<14 { world.runDay(day) }
        return world
    }()

    @Test("The same plan gives the same run, another seed another one")
    func repeatable() {
        let (one, same, other) = (Self.usual, Economy.run(Self.plan()), Economy.run(Self.plan(seed: 2)))
        #expect(one.hash == same.hash && one.months == same.months && one.kinds == same.kinds)
        #expect(one.hash != other.hash)
    }

    @Test("Whatever is drawn, books balance and lines agree", arguments: 1...5 as ClosedRange<UInt64>)
    func conservation(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var plan = Self.plan(seed: seed)
        plan.bootstrap = Microcredits(.random(in: 300_000...8_000_000, using: &random))
        plan.limit = plan.bootstrap + Microcredits(.random(in: 0...4_000_000, using: &random))
        plan.demand = .percent(.random(in: 30...300, using: &random))
        let result = Economy.run(plan)
        #expect(result.violations.map(\.text) == [])
        // A run in which nothing happens would hold every rule.
        #expect(result.leases > 200 && result.refusedForCredit > 0 && result.identities > plan.nodes && result.lost > .zero)
    }

    @Test("What is lent is what is borrowed, and nobody is served more than it wanted")
    func wholeness() {
        let result = Self.usual
        let lent = result.kinds.reduce(CoreMicroseconds.zero) { $0 + $1.lent }
        #expect(lent == result.kinds.reduce(CoreMicroseconds.zero) { $0 + $1.served.all.served })
        for served in result.kinds.map(\.served) + result.contributions.map(\.served) {
            #expect(served.all.served <= served.all.wanted && served.contended.served <= served.contended.wanted)
            #expect(served.contended.wanted <= served.all.wanted && served.met <= served.requests)
        }
        #expect(result.contributions.map(\.count).reduce(0, +) == result.kinds.filter(\.kind.borrows).map(\.count).reduce(0, +))
    }

    @Test("Hoarders never borrow; free riders and whitewashers never lend")
    func kinds() {
        for kind in Self.usual.kinds {
            #expect((kind.served.requests > 0) == kind.kind.borrows, "\(kind.kind)")
            #expect((kind.lent > .zero) == kind.kind.lends, "\(kind.kind)")
        }
    }

    @Test("One identity takes no more than its limits with those that lend allow, a whitewasher as much with each")
    func bounded() {
        let (world, limit) = (Self.afterDays, Self.afterDays.plan.bootstrap)
        for identity in world.identities where !world.participants[identity.participant].kind.lends {
            let lenders = identity.books.trustLines.count
            #expect(identity.spent <= limit * Int64(lenders) && identity.earned == .zero)
        }
        let taken = world.identities.filter { world.participants[$0.participant].kind == .freeRider }.map(\.spent)
        #expect(taken.allSatisfy { $0 > .zero })
    }

    @Test("A whitewasher gets another identity no sooner than the pool admits one")
    func admission() {
        #expect(Self.afterDays.identities.count > Self.afterDays.participants.count)
        for participant in Self.afterDays.participants.indices {
            let admitted = Self.afterDays.identities.filter { $0.participant == participant }.map(\.admitted)
            #expect(zip(admitted, admitted.dropFirst()).allSatisfy { $1 - $0 >= 3 })
            #expect(admitted.count == 1 || Self.afterDays.participants[participant].kind == .whitewasher)
        }
    }

    @Test("Newcomers join while it goes on, and are served and lend from then on")
    func newcomers() throws {
        let world = EconomyWorld(Self.plan())
        let newcomers = world.participants.filter { $0.kind == .newcomer }
        #expect(newcomers.count == 2 && newcomers.allSatisfy { $0.joins > 0 && $0.joins < 10 && $0.identity == nil })
        let result = try #require(Self.usual.kinds.first { $0.kind == .newcomer })
        #expect(result.lent > .zero && result.served.all.served > .zero)
    }

    @Test("Who has lent a peer something may owe it more, and nobody who lends nothing")
    func raised() throws {
        let world = Self.afterDays
        var limits: Set<Microcredits> = []
        for (index, identity) in world.identities.enumerated() {
            for line in identity.books.trustLines {
                let peer = try #require(world.identities.firstIndex { $0.id == line.peer })
                let given = try #require(world.identities[peer].books.trustLine(with: identity.id))
                let granted = Microcredits(given.granted)
                #expect(line.received == given.granted && granted == world.creditLimit(of: index, by: peer))
                guard world.participants[identity.participant].kind.lends else {
                    #expect(granted == .credits(1))
                    continue
                }
                limits.insert(granted)
            }
        }
        #expect(limits.min() == .credits(1) && limits.max() == .credits(10) && limits.count > 2)
        #expect(world.violations.map(\.text) == [])
    }

    @Test("What a machine uses and wants does not depend on the credit there is")
    func workload() {
        var generous = Self.plan()
        generous.limit = .credits(100)
        let (one, other) = (Self.usual, Economy.run(generous))
        #expect(one.kinds.map(\.served.all.wanted) == other.kinds.map(\.served.all.wanted))
        #expect(one.months.map(\.hours) == [10 * 24])
    }

    @Test("Lent is by the shipped policy blade, but for terms of an hour and without disk")
    func policy() throws {
        var blade = try PolicyFile.shipped(.blade).policy
        blade.longestTerm = .hours(1)
        blade.disk = nil
        #expect(EconomyPlan().policy == blade)
    }
}

@Suite("What an economy's audit finds")
struct EconomyAuditTests {
    private func world() -> EconomyWorld {
        var world = EconomyWorld(EconomyPlan(nodes: 20, days: 2))
        world.runDay(0)
        return world
    }

    private func find(_ tamper: (inout EconomyWorld) throws -> Void) rethrows -> Set<String> {
        var world = world()
        #expect(world.violations.map(\.text) == [])
        try tamper(&world)
        world.audit()
        return Set(world.violations.map(\.rule))
    }

    private func transfer(_ kind: Transfer.Kind, debit: Account, credit: Account, in world: EconomyWorld) -> Transfer {
        Transfer(
            id: TransferID(high: .max, low: 1), kind: kind, debit: debit, credit: credit, amount: 1,
            expires: kind == .pending ? Deadline(.minutes(1), after: world.now) : nil, at: world.now.utc)
    }

    @Test("A debt that only one side has booked")
    func oneSided() throws {
        let found = try find { world in
            let index = try #require(world.present.first { world.participants[world.identities[$0].participant].kind.lends })
            let peer = try #require(world.identities[index].books.trustLines.first).peer
            let gift = transfer(.direct, debit: .peer(peer), credit: .earned, in: world)
            _ = try world.identities[index].books.apply(gift, at: world.now, isAcknowledged: true)
        }
        #expect(found == ["mirrored trust lines agree", "balances sum to nothing"])
    }

    @Test("Entries of which one side is missing")
    func unbalanced() {
        let found = find { world in
            var snapshot = world.identities[0].books.snapshot
            snapshot.entries.append(.init(.init(.disputed(world.identities[1].id), .credit), Balance(debitsPosted: 1)))
            world.identities[0].books = Books(restoring: snapshot)
        }
        #expect(found == ["debits equal credits"])
    }

    @Test("A reservation that nobody resolves")
    func open() throws {
        let found = try find { world in
            let index = try #require(world.present.first { !world.identities[$0].books.trustLines.isEmpty })
            let account = Account.disputed(world.identities[index].id)
            let held = transfer(.pending, debit: .spent, credit: account, in: world)
            _ = try world.identities[index].books.apply(held, at: world.now)
        }
        #expect(found == ["every reservation resolves"])
    }
}
