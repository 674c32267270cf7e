import GRPCCore
import Wire

extension FakeAgent {
    /// With node2 it agrees; node3 has another amount for an entry that was signed before.
    func reconcileLedger(
        request: Surplus_V1_ReconcileLedgerRequest, response: RPCWriter<Surplus_V1_ReconciliationStep>, context: ServerContext
    ) async throws {
        let checkpoint = Surplus_V1_CheckpointInfo.with {
            ($0.id, $0.peer, $0.peerName, $0.until, $0.at) = (
                "ckp_1", "nde_2", "node2", 1_764_000_000_000_000, 1_764_000_001_000_000
            )
            ($0.entries, $0.digest, $0.microcredits) = (17, "00", 250_000)
        }
        for name in request.peer.isEmpty ? ["node2", "node3"] : [request.peer] {
            func tell(_ step: Surplus_V1_ReconciliationStep.OneOf_Step) async throws {
                try await response.write(.with { ($0.peer, $0.peerName, $0.step) = ("nde_\(name)", name, step) })
            }
            try await tell(.comparing(17))
            try await tell(
                .outcome(
                    .with { outcome in
                        (outcome.agreedUntil, outcome.entries, outcome.checkpoint) = (1_764_000_000_000_000, 17, checkpoint)
                        guard name == "node3" else { return }
                        outcome.difference = .with {
                            $0.here = .with { ($0.transfer, $0.lease, $0.microcredits) = ("trf_1", "lse_1", 500_000) }
                            $0.there = .with { ($0.transfer, $0.lease, $0.microcredits) = ("trf_1", "lse_1", 400_000) }
                        }
                    }))
        }
    }
}
