import GRPCCore
import Wire

extension FakeAgent {
    /// With node2 it agrees; node3 has another amount for an entry since it was signed, node4 as well and cannot compare now, node5
    /// only cannot, and node6 has left. Only the first two are among all unless ``State/reconcilesMore`` says so.
    func reconcileLedger(
        request: Surplus_V1_ReconcileLedgerRequest, response: RPCWriter<Surplus_V1_ReconciliationStep>, context: ServerContext
    ) async throws {
        let names = request.peer.isEmpty ? ["node3", "node2"] + state.withLock(\.reconcilesMore) : [request.peer]
        for name in names {
            func tell(_ step: Surplus_V1_ReconciliationStep.OneOf_Step) async throws {
                try await response.write(
                    .with { ($0.peer, $0.peerName, $0.step, $0.peers) = ("nde_\(name)", name, step, Int64(names.count)) })
            }
            try await tell(.comparing(17))
            try await tell(.outcome(Self.outcome(with: name)))
        }
    }

    private static func outcome(with name: String) -> Surplus_V1_ReconciliationOutcome {
        .with { outcome in
            (outcome.agreedUntil, outcome.entries) = (1_764_000_000_000_000, 17)
            outcome.checkpoint = checkpoint(with: name)
            if ["node3", "node4"].contains(name) { outcome.difference = difference }
            if name == "node4" { outcome.failure = "node4 says: it compares its ledger with those of others" }
            if name == "node5" { outcome.failure = "failed to connect to node5: Connection refused" }
            if name == "node6" { (outcome.failure, outcome.departed) = ("it has left the pool", true) }
        }
    }

    static func checkpoint(with name: String, differs: Bool = false) -> Surplus_V1_CheckpointInfo {
        .with {
            ($0.id, $0.peer, $0.peerName) = ("ckp_1", "nde_\(name)", name)
            ($0.until, $0.at) = (1_764_000_000_000_000, 1_764_000_001_000_000)
            ($0.entries, $0.digest, $0.microcredits) = (17, "00", 250_000)
            if differs { $0.difference = difference }
        }
    }

    static let difference = Surplus_V1_LedgerDifference.with {
        $0.here = .with { ($0.transfer, $0.lease, $0.microcredits) = ("trf_1", "lse_1", -500_000) }
        $0.there = .with { ($0.transfer, $0.lease, $0.microcredits) = ("trf_1", "lse_1", 400_000) }
    }
}
