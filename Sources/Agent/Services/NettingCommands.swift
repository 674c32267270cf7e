import Bookkeeping
import GRPCCore
import Node
import Resources
import Trading
import Wire

// What local users ask of nettings.

extension PoolMembership {
    /// Looks for cycles of debts, nets them unless it is a dry run, and tells each step.
    func net(
        _ request: Surplus_V1_NetCreditsRequest, _ write: (Surplus_V1_NettingStep) async throws -> Void
    ) async throws {
        try await write(.with { $0.totals = debtTotals })
        for await news in nettings.search(isDryRun: request.dryRun) {
            switch news {
            case .refused(let refusal): throw RPCError(explaining: refusal)
            case .probing(let wave, let peers):
                try await write(.with { $0.probes = .with { ($0.wave, $0.peers) = (UInt32(wave), UInt32(peers)) } })
            case .found(let cycle): try await write(.with { $0.found = info(of: cycle) })
            case .began(let id, let cycle): try await write(.with { $0.began = info(of: cycle, id) })
            case .ended(let id, let cycle, let refusal):
                try await write(
                    .with { step in
                        step.ended = .with {
                            $0.cycle = info(of: cycle, id)
                            $0.committed = refusal == nil
                            if let refusal { $0.refusal = Surplus_V1_Refusal(refusal) }
                        }
                    })
            case .finished: return try await write(.with { $0.totals = debtTotals })
            }
        }
        // The stream ended without its last word.
        throw RPCError(
            code: .aborted, message: "the agent is stopping; what was begun comes to its end by itself: see 'surplus events'")
    }

    /// What this node is owed by all peers, and what it owes them.
    private var debtTotals: Surplus_V1_DebtTotals {
        let books = engine.read(\.books)
        return books.trustLines(in: .credit).reduce(into: Surplus_V1_DebtTotals()) { totals, line in
            let net = books.balance(of: .peer(line.peer)).net.rawValue
            if net > 0 { totals.owedToUs += net } else { totals.weOwe -= net }
        }
    }

    private func info(of cycle: DebtCycle, _ netting: NettingID? = nil) -> Surplus_V1_DebtCycle {
        .with {
            $0.members = cycle.members.map(\.description)
            $0.names = cycle.members.map(name(of:))
            $0.amount = cycle.amount.rawValue
            $0.netting = netting?.description ?? ""
        }
    }
}
