import Resources
import Testing

@testable import Reports

@Suite("What a policy would offer, borrows and lets decay")
struct PolicyExplanationTests {
    private static func explanation(
        _ rules: [PolicyExplanation.Rule], _ decay: PolicyExplanation.Decay? = nil
    ) -> PolicyExplanation {
        PolicyExplanation(
            policy: "mine", offer: nil, reason: nil, refusal: nil, capacity: .zero, most: .zero, ownerUsage: .zero,
            committed: .zero, lendable: .zero, conditions: [], limits: [], creditLimit: 0, creditHeadroom: 0, standing: nil,
            openLeases: 0,
            mostLeases: 1, threshold: .zero, tolerance: PressureFigures(cpu: nil, memory: nil, disk: nil), reserve: .zero,
            forecasts: [], rules: rules, decay: decay)
    }

    @Test("Each rule says why it borrows or does not, what it holds, what is idle of that, and how its budget stands")
    func rules() throws {
        let rule = PolicyExplanation.Rule(
            name: "builds",
            condition: .init(
                key: "borrow.rules[builds]", when: "load > 4", until: nil, state: "open",
                findings: [.init(asked: "load > 4", found: "5.2", truth: "holds")]),
            wants: Amounts(cpu: .cores(2), memory: .gibibytes(1)), nodes: 2, leases: ["lse_1"], idleLeases: ["lse_1"],
            isAsking: true, shortage: "node2: only 1 core",
            budget: .init(credits: .credits(5), per: "day", paid: .credits(1), reserved: 500_000, left: 250_000))
        let text = Self.explanation([rule]).text(on: Samples.wide)
        #expect(text.contains("borrow.rules[builds]  holds: load > 4"))
        #expect(text.contains("1 of 2 leases of 2 cores, 1 GiB, 1 of them idle; asks for one now: lse_1"))
        #expect(text.contains("node2: only 1 core"))
        #expect(text.contains("1 credit paid and 0.5 credits reserved of 5 credits per day, 0.25 credits left now"))
        let json = try Self.explanation([rule]).json(compact: true)
        #expect(json.contains("\"left_microcredits\":250000") && json.contains("\"idle_leases\":[\"lse_1\"]"))
        #expect(try !Self.explanation([]).json().contains("decay"))
    }

    @Test("What stands idle is told, the largest first, and what has decayed of it")
    func decay() {
        let idle = (1...7 as ClosedRange<Int64>).map { number in
            PolicyExplanation.Decay.Idle(
                peer: "nde_\(number)", peerName: "node\(number)", owedToUs: number > 3, idle: Microcredits(number * 1_000_000),
                stood: .days(number), decayed: number == 7 ? 20_000 : 0,
                peerAllows: number == 6 ? DecayRule(rate: .percent(1), idle: .days(60)) : nil,
                refused: number == 5 ? "not here" : nil)
        }
        let text = Self.explanation([], .init(rule: DecayRule(rate: .percent(2)), idle: idle)).text(on: Samples.wide)
        #expect(text.contains("lose 2% of what stood idle for 30 d, where the peer's policy has such a rule too"))
        #expect(text.contains("7 credits owed by node7 for 7 d; 0.02 credits have decayed before"))
        #expect(text.contains("3 credits owed to node3 for 3 d") && text.contains("with 2 more peers"))
        #expect(!text.contains("owed to node2"))
        #expect(text.contains("6 credits owed by node6 for 6 d; node6 allows 1% of what stood idle for 60 d"))
        #expect(text.contains("5 credits owed by node5 for 5 d; refused: not here"))
    }
}
