import Resources
import TestKit
import Testing
import Trading

@Suite("Lease")
struct LeaseTests {
    private let clock = ManualClock()

    private func lease(_ role: Lease.Role = .lender) -> Lease {
        Lease(agreement(), role: role, at: clock.now, remaining: .minutes(10))
    }

    private func later(_ span: Microseconds) -> Moment { clock.now + span }

    @Test("A lender's lease begins granted, a borrower's active; each knows its other side")
    func beginning() {
        #expect(lease(.lender).state == .granted)
        #expect(lease(.lender).peer == peer(1))
        #expect(lease(.borrower).state == .active)
        #expect(lease(.borrower).peer == peer(2))
    }

    @Test("It goes granted, active, shrunk, active, reclaiming, closed, settled")
    func life() {
        var lease = lease()
        #expect(lease.activate() == true)
        #expect(lease.state == .active)
        let half = Amounts(cpu: .cores(1), memory: .mebibytes(512))
        #expect(lease.resize(to: half, at: clock.now) == true)
        #expect(lease.state == .shrunk && lease.amounts == half)
        #expect(lease.resize(to: lease.terms.amounts, at: clock.now) == true)
        #expect(lease.state == .active)
        #expect(lease.reclaim(notice: .seconds(30), reason: "own work", at: later(.minutes(1))) == true)
        #expect(lease.state == .reclaiming)
        #expect(lease.close(.revoked, reason: "", at: later(.minutes(1) + .seconds(30))) == true)
        #expect(lease.state == .closed && lease.endReason == .revoked && lease.reason == "own work")
        #expect(lease.settle() == true)
        #expect(lease.state == .settled)
    }

    private typealias Transition = (name: String, change: @Sendable (inout Lease, Moment) -> Bool)

    private static let transitions: [Transition] = [
        ("activate", { lease, _ in lease.activate() }),
        ("renew", { lease, _ in lease.renew(1, by: .minutes(5)) }),
        ("shrink", { lease, now in lease.resize(to: Amounts(cpu: .cores(1)), at: now) }),
        ("reclaim", { $0.reclaim(notice: .seconds(30), reason: "own work", at: $1) }),
        ("close", { $0.close(.released, reason: "done", at: $1) }),
        ("settle", { lease, _ in lease.settle() }),
        ("suspect", { lease, _ in lease.suspect() }),
        ("trust", { lease, _ in lease.trust() }),
    ]

    @Test("A transition that comes twice changes nothing the second time, and says so")
    func twice() {
        var random = SeededGenerator(seed: 31)
        for _ in 0..<500 {
            var lease = lease()
            var now = clock.now
            for _ in 0..<12 {
                let transition = Self.transitions[Int.random(in: Self.transitions.indices, using: &random)]
                now = now + random.span(.zero ... .seconds(20))
                _ = transition.change(&lease, now)
                let once = lease
                #expect(transition.change(&lease, now + .seconds(1)) == false, "\(transition.name)")
                #expect(lease == once, "\(transition.name)")
            }
        }
    }

    @Test("Once closed, it only settles; once settled, nothing changes it")
    func late() {
        var lease = lease()
        #expect(lease.close(.released, reason: "done", at: later(.minutes(1))) == true)
        let closed = lease
        for transition in Self.transitions where transition.name != "settle" {
            #expect(transition.change(&lease, later(.minutes(2))) == false, "\(transition.name)")
        }
        #expect(lease == closed)
        #expect(lease.settle() == true)
        let settled = lease
        for transition in Self.transitions {
            #expect(transition.change(&lease, later(.minutes(3))) == false, "\(transition.name)")
        }
        #expect(lease == settled)
    }

    @Test("Renewals count up one by one and lengthen the term")
    func renewals() {
        var lease = lease(.borrower)
        #expect(lease.renew(0, by: .minutes(5)) == false)
        #expect(lease.renew(2, by: .minutes(5)) == false)
        #expect(lease.renew(1, by: .minutes(5)) == true)
        #expect(lease.renew(2, by: .minutes(5)) == true)
        #expect(lease.ends.remaining(at: clock.now) == .minutes(20))
        #expect(lease.wholeTerm(at: later(.minutes(3))) == .minutes(20))
    }

    @Test("What is being taken back is not renewed, and ends at its term if that comes before the notice")
    func reclaiming() {
        var lease = lease()
        #expect(lease.reclaim(notice: .minutes(10), reason: "own work", at: later(.minutes(8))) == true)
        #expect(lease.ends.remaining(at: later(.minutes(8))) == .minutes(2))
        #expect(lease.renew(1, by: .minutes(5)) == false)
        #expect(lease.hasEnded(at: later(.minutes(10))))
    }

    @Test("More than the terms grant is never given, less than nothing neither")
    func sizes() {
        var lease = lease()
        #expect(lease.resize(to: Amounts(cpu: .cores(64), memory: .gibibytes(64)), at: clock.now) == false)
        #expect(lease.amounts == lease.terms.amounts)
        #expect(lease.resize(to: Amounts(cpu: -1, memory: -1), at: clock.now) == true)
        #expect(lease.amounts == .zero)
    }

    @Test("Its time stops at its closing and never runs backwards")
    func elapsed() {
        var lease = lease()
        #expect(lease.elapsed(at: later(-.minutes(1))) == .zero)
        #expect(lease.elapsed(at: later(.minutes(4))) == .minutes(4))
        #expect(lease.close(.released, reason: "", at: later(.minutes(5))) == true)
        #expect(lease.elapsed(at: later(hour)) == .minutes(5))
    }

    @Test("Its end survives a reboot of the machine")
    func reboot() {
        let lease = lease()
        var clock = clock
        clock.reboot(taking: .minutes(9))
        #expect(!lease.hasEnded(at: clock.now))
        clock.advance(by: .minutes(1))
        #expect(lease.hasEnded(at: clock.now))
    }
}
