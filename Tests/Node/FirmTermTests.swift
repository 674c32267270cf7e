import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Node 0 borrows from node 1, firmly.
@Suite("Firm terms")
struct FirmTermTests {
    private func policy(_ notices: NoticeMenu = .only(.firm), term: Microseconds = .minutes(15)) -> LendingPolicy {
        var policy = Pool.policy()
        policy.notices = notices
        policy.longestTerm = term
        policy.memory = nil
        return policy
    }

    private func want(cores: Int64 = 1, term: Microseconds = .minutes(10), renewsItself: Bool = false) -> Want {
        var want = Pool.want(cores: cores, term: term, renewsItself: renewsItself)
        want.notice = .firm
        return want
    }

    private func refusal(_ pool: inout Pool, _ want: Want) throws -> Refusal? {
        let request = pool.ask(want)
        pool.deliver()
        guard case .failure(let refusal) = try #require(pool.members[0].decisions[request]) else { return nil }
        return refusal
    }

    private func firmlyLent(_ pool: Pool) -> Millicores {
        pool.members[1].node.leases.values.reduce(.zero) { sum, entry in
            let counts = entry.lease.role == .lender && entry.lease.isOpen && entry.lease.terms.notice == .firm
            return counts ? sum + entry.lease.amounts.cpu : sum
        }
    }

    @Test("Nothing is promised firmly before an hour of the owner's use was seen, and the refusal says when to ask again")
    func unknown() throws {
        var pool = Pool(policy: policy())
        let first = try #require(try refusal(&pool, want()))
        #expect(first.term == "notice" && first.retryAfter == .hours(1))
        #expect(first.reason.contains("0 of 12 samples"))
        pool.watchOwner(for: .minutes(31))
        let second = try #require(try refusal(&pool, want()))
        #expect(second.reason.contains("6 of 12 samples") && second.retryAfter == .minutes(30))
        pool.watchOwner(for: .minutes(31))
        let lease = try pool.borrow(want())
        #expect(pool.lease(lease, 0)?.terms.notice == .firm)
    }

    @Test("Where there are other classes, a firm wish is met with the best of them as long as nothing can be promised")
    func fallback() throws {
        var pool = Pool(policy: policy(NoticeMenu([.elastic: .percent(50), .standard: .whole, .firm: .percent(150)])))
        let early = try pool.borrow(want())
        #expect(pool.lease(early, 0)?.terms.notice == .standard)
        pool.watchOwner(for: .minutes(61))
        let later = try pool.borrow(want())
        #expect(pool.lease(later, 0)?.terms.notice == .firm)
        #expect(pool.lease(later, 0)?.terms.prices.cpu == 1_500_000)
    }

    @Test(
        "All that is promised firmly stays within what the forecast allows, whatever the owner does",
        arguments: 0..<20 as Range<UInt64>)
    func bounded(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var pool = Pool(policy: policy(NoticeMenu([.standard: .whole, .firm: .percent(150)])))
        for _ in 0..<6 {
            let cpu = Millicores(Int64.random(in: 0...8000, using: &random))
            pool.watchOwner(cpu, for: .minutes(Int64.random(in: 5...40, using: &random)))
            let request = pool.ask(want(cores: Int64.random(in: 1...4, using: &random)))
            let node = pool.members[1].node
            let most = (node.firmExplanations(for: .minutes(10)).cpu?.promise.amount ?? .zero).of(Pool.capacity.cpu)
            let before = firmlyLent(pool)
            pool.deliver()
            if case .success(let leases) = try #require(pool.members[0].decisions[request]),
                leases.contains(where: { pool.lease($0, 0)?.terms.notice == .firm })
            {
                #expect(firmlyLent(pool) <= most)
            } else {
                #expect(firmlyLent(pool) == before)
            }
        }
    }

    @Test("What an owner uses half of the time is not promised to anybody")
    func busyOwner() throws {
        var pool = Pool(policy: policy())
        for _ in 0..<12 {
            pool.watchOwner(.cores(7), for: .minutes(5))
            pool.watchOwner(.zero, for: .minutes(5))
        }
        let refusal = try refusal(&pool, want(cores: 4))
        #expect(refusal?.term == "notice")
    }

    @Test("A restart forgets nothing of what was seen; an hour without readings makes the owner unknown again")
    func restart() throws {
        var pool = Pool(policy: policy())
        pool.watchOwner(.cores(1), for: .minutes(61))
        let before = pool.members[1].node.foresight
        pool.restart(1)
        let after = pool.members[1].node.foresight
        #expect(before.cpu == after.cpu && before.memory == after.memory)
        #expect(after.cpu.forecaster.seen == 12)
        _ = try pool.borrow(want())
        pool.stand(for: .minutes(70))
        pool.watchOwner(.cores(1), for: .minutes(6))
        #expect(try refusal(&pool, want())?.reason.contains("1 of 12 samples") == true)
        #expect(pool.members[1].node.foresight.cpu.forecaster.seen == 13)
    }

    @Test("What was missed while the machine was down counts as missing, by civil time")
    func reboot() throws {
        var pool = Pool(policy: policy())
        pool.watchOwner(.cores(1), for: .minutes(61))
        pool.reboot(taking: .minutes(12))
        pool.watchOwner(.cores(1), for: .minutes(1))
        #expect(pool.members[1].node.foresight.cpu.forecaster.missed == 2)
        #expect(try refusal(&pool, want())?.reason.contains("the last sample of the owner's use is missing") == true)
        pool.watchOwner(.cores(1), for: .minutes(10))
        _ = try pool.borrow(want())
    }

    @Test("A sample of which less than half was read counts as missing")
    func gaps() {
        var pool = Pool(policy: policy())
        pool.watchOwner(for: .minutes(2))
        pool.stand(for: .minutes(4))
        pool.watchOwner(for: .minutes(1))
        #expect(pool.members[1].node.foresight.cpu.forecaster.missed == 1)
        #expect(pool.members[1].node.foresight.cpu.forecaster.seen == 0)
        pool.watchOwner(for: .minutes(9))
        #expect(pool.members[1].node.foresight.cpu.forecaster.seen == 2)
    }

    @Test("A firm lease is renewed only for as long as it can still be promised")
    func renewal() throws {
        var pool = Pool(policy: policy())
        pool.watchOwner(for: .minutes(61))
        let lease = try pool.borrow(want(cores: 4, term: .minutes(10)))
        pool.feed(.renew(lease, by: .minutes(10)), to: 0)
        pool.deliver()
        #expect(pool.members[0].renewals.count == 1 && pool.members[0].renewals[0] == nil)
        pool.watchOwner(.cores(7), for: .minutes(10))
        pool.feed(.renew(lease, by: .minutes(10)), to: 0)
        pool.deliver()
        #expect(pool.members[0].renewals.count == 2)
        #expect(pool.members[0].renewals.last??.term == "notice")
        #expect(pool.lease(lease, 1)?.isOpen == true)
    }

    @Test("A lower threshold that begins within the term bounds what is promised for it")
    func period() throws {
        var policy = policy()
        policy.cpu?.share = .whole
        policy.cpu?.periods = [
            .init(
                window: Window(from: ClockTime(minute: 480), to: ClockTime(minute: 1080), days: [.monday]),
                threshold: .percent(20))
        ]
        var pool = Pool(policy: policy)
        pool.watchOwner(for: .minutes(61))
        func promise(at minute: Int) -> BasisPoints? {
            pool.feed(.surroundings(Surroundings(civil: CivilMinute(day: .monday, minute: minute))), to: 1)
            return pool.members[1].node.firmExplanations(for: .minutes(15)).cpu?.promise.amount
        }
        let (night, morning) = (promise(at: 300), promise(at: 470))
        #expect(try #require(night) > .percent(50))
        #expect(try #require(morning) <= .percent(20))
    }

    @Test("A firm term ends where the forecast does")
    func longTerm() throws {
        var pool = Pool(policy: policy(term: .hours(4)))
        pool.watchOwner(for: .minutes(61))
        let lease = try pool.borrow(want(term: .hours(3)))
        #expect(pool.lease(lease, 0)?.terms.term == .hours(1))
    }

    @Test("Another appetite starts anew with what may be taken back, and keeps what is known of the owner")
    func appetite() {
        var pool = Pool(policy: policy())
        pool.watchOwner(for: .minutes(61))
        let before = pool.members[1].node.foresight.cpu
        var other = policy()
        other.appetite = Appetite(takenBack: .percent(5))
        pool.feed(.policy(other), to: 1)
        let after = pool.members[1].node.foresight.cpu
        #expect(after.forecaster == before.forecaster)
        #expect(after.lending.appetite == other.appetite && after.lending.promised == 0)
    }
}
