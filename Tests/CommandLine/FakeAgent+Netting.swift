import GRPCCore
import Wire

extension FakeAgent {
    /// Two cycles: one is netted, of the other a member does not want to know.
    func netCredits(
        request: Surplus_V1_NetCreditsRequest, response: RPCWriter<Surplus_V1_NettingStep>, context: ServerContext
    ) async throws {
        try await response.write(.with { $0.totals = .with { ($0.owedToUs, $0.weOwe) = (500_000, 700_000) } })
        try await response.write(.with { $0.probes = .with { ($0.wave, $0.peers) = (1, 2) } })
        let cycles = [["node2", "node3"], ["node4", "node3"]].map { names in
            Surplus_V1_DebtCycle.with {
                ($0.members, $0.names, $0.amount) = (["nde_1"] + names.map { "nde_\($0)" }, ["node1"] + names, 200_000)
            }
        }
        for cycle in cycles { try await response.write(.with { $0.found = cycle }) }
        guard !request.dryRun else {
            return try await response.write(.with { $0.totals = .with { ($0.owedToUs, $0.weOwe) = (500_000, 700_000) } })
        }
        for (number, cycle) in cycles.enumerated() {
            var cycle = cycle
            cycle.netting = "net_\(number)"
            try await response.write(.with { [cycle] in $0.began = cycle })
            try await response.write(
                .with { [cycle] step in
                    step.ended = .with {
                        $0.cycle = cycle
                        $0.committed = number == 0
                        if number > 0 {
                            $0.refusal = .with { ($0.term, $0.reason) = ("policy", "node4: its policy nets nothing") }
                        }
                    }
                })
        }
        try await response.write(.with { $0.totals = .with { ($0.owedToUs, $0.weOwe) = (300_000, 500_000) } })
    }
}
