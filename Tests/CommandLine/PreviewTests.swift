import Foundation
import Testing
import Wire

@Suite struct PreviewTests {
    /// One lender that would be asked first, on these terms.
    private static func say(
        _ agent: FakeAgent, ceiling: Int64 = 0, inKind: Int64 = 0, reason: String = "",
        _ consideration: (inout Surplus_V1_Consideration) -> Void
    ) {
        agent.state.withLock {
            $0.preview = .with {
                $0.candidates = [
                    .with { candidate in
                        (candidate.name, candidate.node, candidate.ceilingMicrocredits) = ("node2", "nde_2", ceiling)
                        candidate.terms.amounts.cpuMillicores = 1000
                        candidate.terms.termMicroseconds = 900_000_000
                        consideration(&candidate.terms.consideration)
                        if inKind > 0 { candidate.ceilingInKind.cpuCoreMicroseconds = inKind }
                        candidate.reason = reason
                    }
                ]
            }
        }
    }

    private static let asking = ["lease", "request", "--dry-run", "--for", "15m"]

    @Test("a dry run says what would be owed in kind, and when that falls due")
    func deferred() async throws {
        try await FakeAgent.serving { agent in
            Self.say(agent, ceiling: 125_000, inKind: 450_000_000) {
                $0.deferred = .with { ($0.dueFrom, $0.dueUntil) = (1_767_225_600_000_000, 1_767_830_400_000_000) }
            }
            let ended = await (try Program(Self.asking + ["--defer", "50%"], agent: agent)).end()
            #expect(ended.status == 0, "\(ended.stderr)")
            #expect(ended.stdout.contains("at most 0.125 credits would be reserved and at most 450 core-s owed in kind"))
            #expect(ended.stdout.contains("due from 2026-01-01T00:00:00Z to 2026-01-08T00:00:00Z"), "\(ended.stdout)")
            let asked = try #require(agent.state.withLock { $0.previewed.last })
            #expect(asked.means.credits && asked.means.deferral.shareCpu == 5000)
            #expect(asked.means.deferral.dueUntil > asked.means.deferral.dueFrom)
            let json = await (try Program(Self.asking + ["--defer", "50%", "--json"], agent: agent)).end()
            #expect(json.stdout.contains("\"ceiling_in_kind\"") && json.stdout.contains("\"in_return\""), "\(json.stdout)")
        }
    }

    @Test("a dry run says what would come off an obligation")
    func redemption() async throws {
        let obligation = "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"
        try await FakeAgent.serving { agent in
            Self.say(agent, inKind: 900_000_000) { $0.redemption = obligation }
            for arguments in [
                Self.asking + ["--redeem", obligation], ["run", "--dry-run", "--redeem", obligation, "--", "make"],
            ] {
                let ended = await (try Program(arguments, agent: agent)).end()
                #expect(ended.status == 0, "\(ended.stderr)")
                #expect(ended.stdout.contains("would take at most 900 core-s off \(obligation)"), "\(ended.stdout)")
                #expect(agent.state.withLock { $0.previewed.last?.means.redemption } == obligation)
            }
        }
    }

    @Test("a dry run says what would be lent in return")
    func swap() async throws {
        try await FakeAgent.serving { agent in
            Self.say(agent) {
                $0.swap = .with { ($0.amounts.cpuMillicores, $0.termMicroseconds) = (500, 900_000_000) }
            }
            let ended = await (try Program(Self.asking + ["--swap-cpu", "0.5"], agent: agent)).end()
            #expect(ended.status == 0, "\(ended.stderr)")
            #expect(
                ended.stdout.contains("in return for which 0.5 cores for 15 min would be lent and nothing paid"),
                "\(ended.stdout)")
            #expect(agent.state.withLock { $0.previewed.last?.means.swap.amounts.cpuMillicores } == 500)
        }
    }

    @Test("what would not be had as asked for is said with the lender's reason")
    func deviation() async throws {
        try await FakeAgent.serving { agent in
            Self.say(agent, ceiling: 250_000, reason: "policy 'blade' lets nothing be owed") { _ in }
            agent.state.withLock { $0.preview.candidates[0].terms.clearConsideration() }
            let ended = await (try Program(Self.asking + ["--defer", "50%"], agent: agent)).end()
            #expect(ended.status == 0, "\(ended.stderr)")
            #expect(
                ended.stdout.contains("not all that was asked for: policy 'blade' lets nothing be owed"), "\(ended.stdout)")
        }
    }

    @Test("what nobody would be asked for is a failure with the reason")
    func refused() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.preview.refusal = .with { ($0.term, $0.reason) = ("nodes", "3 nodes are wanted, and only 1 can be asked") }
            }
            let ended = await (try Program(Self.asking + ["--nodes", "3"], agent: agent)).end()
            #expect(ended.status == 1 && ended.stdout.contains("only 1 can be asked"), "\(ended.stdout)")
        }
    }

    @Test("who has not got what was asked for in return is told, once, before the program's output")
    func remark() async throws {
        let reason = "its term is 2 s instead of 15 min: what is owed has 0.12 core-s left"
        let redeeming = ["--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"]
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.leaseReply.lease = .with { ($0.lease, $0.role, $0.deviation) = (Sample.lease, "borrower", reason) }
            }
            let lease = await (try Program(["lease", "request"] + redeeming, agent: agent)).end()
            #expect(lease.status == 0 && lease.stderr.contains(reason), "\(lease.stderr)")
            #expect(lease.stdout.contains("not as asked"), "\(lease.stdout)")
            let credits = try await Program.run("lease", "request", agent: agent)
            #expect(!credits.stderr.contains(reason), "\(credits.stderr)")
            let run = await (try Program(["run"] + redeeming + ["--no-stdin", "--", "shortened"], agent: agent)).end()
            #expect(run.status == 0 && run.stderr.components(separatedBy: "2 s instead of 15 min").count == 2, "\(run.stderr)")
            let quiet = await (try Program(["run", "-q"] + redeeming + ["--no-stdin", "--", "shortened"], agent: agent)).end()
            #expect(quiet.stderr.isEmpty, "\(quiet.stderr)")
        }
    }

    @Test("a lease that cannot renew itself for long does not say that it renews itself until it is released")
    func renewalLimit() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.leaseReply.lease = .with {
                    ($0.lease, $0.role) = (Sample.lease, "borrower")
                    ($0.renewsItself, $0.renewalLimit) = (true, "it ends with its term")
                }
            }
            let lease = try await Program.run("lease", "request", agent: agent)
            #expect(lease.stdout.contains("it ends with its term") && !lease.stdout.contains("renews itself"), "\(lease.stdout)")
        }
    }
}
