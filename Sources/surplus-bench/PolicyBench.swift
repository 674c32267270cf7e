import ArgumentParser
import Configuration
import Policy
import Resources
import Wire

/// What a large policy costs to read and to decide by, and how soon a changed one acts.
struct PolicyBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Reading and deciding by a policy of 1,000 limits, and the time until a changed policy acts on a running lease."
    )

    @Option(help: "The lending agent's socket.")
    var lender: String
    @Option(help: "The borrowing agent's socket.")
    var borrower: String
    @Option(help: "The lending node.")
    var on: String
    @Option(help: "Limits in the large policy.")
    var limits = 1000
    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let text = Array(Self.policy(limits: limits).utf8)
        let loading = try Self.repeated(20) { _ = try PolicyFile(bytes: text, file: "large.yaml") }
        let policy = try PolicyFile(bytes: text, file: "large.yaml").policy
        let acting = try await actingTimes()
        let report = BenchReport(
            benchmark: "policy",
            workload:
                "a policy of \(limits) limits for nodes, users, groups and roles; a policy that is replaced under a running lease",
            figures: [
                .init(name: "read from YAML, p50", value: Percentiles(loading)(0.5), unit: "ms", goal: 100, isUpperBound: true),
                .init(
                    name: "decide about an ask, p50", value: deciding(policy)(0.5) * 1000, unit: "us", goal: 50,
                    isUpperBound: true),
                .init(name: "decide about an ask, p99", value: deciding(policy)(0.99) * 1000, unit: "us"),
                .init(
                    name: "applied to notice at the borrower, p50", value: Percentiles(acting)(0.5), unit: "ms", goal: 1000,
                    isUpperBound: true),
                .init(name: "applied to notice at the borrower, worst", value: Percentiles(acting)(1), unit: "ms"),
            ])
        print(json ? try report.json : report.table)
    }

    /// Limits of all kinds, a fifth of them with a condition.
    private static func policy(limits: Int) -> String {
        var text = "name: large\nschedules: {office: between 08:00 and 18:00 on weekdays}\ngroups:\n"
        for group in 0..<50 { text += "  group\(group): [node\(group), node\(group + 1), user\(group)@*]\n" }
        text += "lend:\n  when: load < 1000 or during office\n"
        for resource in ["cpu", "memory"] { text += "  \(resource): {threshold: 80%, share: 75%, price: {idle: 1, scarce: 2}}\n" }
        text += "limits:\n  - {for: each peer, leases: 100}\n  - {for: each user, most: {cpu: 100 cores}}\n"
        for number in 2..<limits {
            let subject = ["peer: node\(number)", "user: user\(number)@node1", "role: role\(number)", "peer: other\(number)"][
                number % 4]
            text +=
                "  - for: {\(number < 52 ? "group: group\(number - 2)" : subject)}\n    leases: 9\n    most: {cpu: 8 cores, memory: 8 GiB}\n"
            if number % 5 == 0 { text += "    when: during office\n" }
        }
        return text
    }

    private static func repeated(_ count: Int, _ body: () throws -> Void) rethrows -> [Double] {
        try (0..<count).map { _ in
            let began = ContinuousClock.now
            try body()
            return (ContinuousClock.now - began).milliseconds
        }
    }

    /// Decisions about asks of different nodes and users, limits found and applied.
    private func deciding(_ policy: LendingPolicy) -> Percentiles {
        let ask = Ask(
            amounts: Amounts(cpu: .cores(1), memory: .gibibytes(1)), term: .minutes(5),
            bid: Prices(cpu: .credits(2), memory: .credits(2)))
        let standing = Standing(
            capacity: Amounts(cpu: .cores(64), memory: .gibibytes(256)), ownerUsage: .zero, committed: .zero, openLeases: 3,
            creditHeadroom: .credits(100))
        var number: UInt64 = 0
        let times = Self.repeated(10_000) {
            number += 1
            let borrower = Borrower(
                id: NodeID(high: 1, low: number), name: "node\(number % 1100)", roles: ["role\(number % 1000)"],
                user: "user\(number % 1000)")
            var standing = standing
            standing.restrictions = policy.limits.rules(for: borrower).map { Restriction(policy.limits.rules[$0]) }
            guard case .refuse = policy.decide(ask, from: borrower, given: standing) else { return }
        }
        return Percentiles(times)
    }

    // MARK: Acting on leases

    /// From the call that applies a policy without lending to the borrower's knowing that its lease ends.
    private func actingTimes() async throws -> [Double] {
        let closed = Surplus_V1_ApplyPolicyRequest.with {
            $0.source.files = [.with { ($0.name, $0.content) = ("closed", .init("name: closed\nlend: nothing\n".utf8)) }]
        }
        var times: [Double] = []
        for _ in 0..<10 {
            times.append(
                try await ControlClient.connect(to: lender) { owner in
                    try await ControlClient.connect(to: borrower) { user in
                        let reply = try await user.requestLease(
                            .with {
                                $0.amounts = .with { ($0.cpuMillicores, $0.memoryBytes) = (10, 1 << 20) }
                                $0.termMicroseconds = 600_000_000
                                $0.on = [on]
                            })
                        guard reply.hasLease else { throw ValidationError("no lease was granted: \(reply.refusal.reason)") }
                        let began = ContinuousClock.now
                        _ = try await owner.applyPolicy(closed)
                        while try await user.getLease(.with { $0.lease = reply.lease.lease }).state != "reclaiming" {}
                        let took = (ContinuousClock.now - began).milliseconds
                        _ = try await owner.applyPolicy(.init())
                        return took
                    }
                })
        }
        return times
    }
}
