import Bookkeeping
import GRPCCore
import Node
import Resources
import Wire

// What local users ask of comparisons of ledgers.

extension PoolMembership {
    /// Compares the ledger with a peer's, or with those of all that anything was settled with, and tells each step.
    func reconcile(
        _ request: Surplus_V1_ReconcileLedgerRequest, _ write: (Surplus_V1_ReconciliationStep) async throws -> Void
    ) async throws {
        let text = try Field.text(request.peer, atMost: 128, "peer")
        let wanted = text.isEmpty ? settledWith : [try roster.find(text).node]
        guard wanted != [own] else { throw FieldError("peer", "is this node itself: name another one") }
        for peer in wanted { try await reconcile(with: peer, write) }
    }

    private func reconcile(
        with peer: NodeID, _ write: (Surplus_V1_ReconciliationStep) async throws -> Void
    ) async throws {
        func tell(_ step: Surplus_V1_ReconciliationStep.OneOf_Step) async throws {
            try await write(.with { ($0.peer, $0.peerName, $0.step) = (peer.description, name(of: peer), step) })
        }
        guard peers.mayHave(.reconciliation, peer) else {
            return try await tell(
                .outcome(.with { $0.failure = "\(name(of: peer)) is of a version that cannot compare ledgers" }))
        }
        for await news in reconciliations.compare(with: peer) {
            switch news {
            case .comparing(let count): try await tell(.comparing(Int64(count)))
            case .narrowing(let count): try await tell(.narrowing(Int64(count)))
            case .agreed(let known, let total):
                var outcome = outcome(of: known)
                outcome.entries = total
                return try await tell(.outcome(outcome))
            case .differs(let known): return try await tell(.outcome(outcome(of: known)))
            case .refused(let refusal):
                var outcome = outcome(of: engine.read { $0.reconciling[peer] })
                outcome.failure = refusal.reason
                return try await tell(.outcome(outcome))
            }
        }
        throw RPCError(code: .aborted, message: "the agent is stopping; ask again when it runs")
    }

    /// Those with whom there is a line.
    private var settledWith: [NodeID] {
        let lines = engine.read { $0.books.trustLines }
        return Set(lines.map(\.peer)).filter { roster[$0]?.status == .active }.sorted()
    }

    private func outcome(of known: PeerReconciliation) -> Surplus_V1_ReconciliationOutcome {
        .with { outcome in
            outcome.agreedUntil = known.agreedUntil?.microseconds ?? 0
            outcome.entries = known.latest?.checkpoint.total ?? 0
            if known.latest != nil { outcome.checkpoint = checkpointInfo(of: known) }
            if let difference = known.difference { outcome.difference = info(of: difference, with: known.peer) }
        }
    }

    /// The latest checkpoint with each peer.
    var checkpoints: [Surplus_V1_CheckpointInfo] {
        engine.read { $0.reconciling.peers.values }.filter { $0.latest != nil || $0.difference != nil }.map(checkpointInfo)
    }

    private func checkpointInfo(of known: PeerReconciliation) -> Surplus_V1_CheckpointInfo {
        .with { info in
            (info.peer, info.peerName) = (known.peer.description, name(of: known.peer))
            if let difference = known.difference { info.difference = self.info(of: difference, with: known.peer) }
            guard let checkpoint = known.latest?.checkpoint else { return }
            (info.id, info.digest) = (checkpoint.id.description, checkpoint.digest.description)
            (info.until, info.at) = (HistoryMark.time(checkpoint.until).microseconds, checkpoint.at.microseconds)
            (info.entries, info.row) = (checkpoint.total, checkpoint.place(of: own).sequence)
            let owed = owed(checkpoint.balance, by: known.peer)
            info.microcredits = owed.credits.rawValue
            (info.coreMicroseconds, info.mibSeconds) = (owed.inKind.cpu.rawValue, owed.inKind.memory.rawValue)
        }
    }

    private func info(of difference: HistoryDifference, with peer: NodeID) -> Surplus_V1_LedgerDifference {
        .with {
            if let here = difference.here { $0.here = version(here, with: peer) }
            if let there = difference.there { $0.there = version(there, with: peer) }
        }
    }

    private func version(_ entry: SharedEntry, with peer: NodeID) -> Surplus_V1_LedgerVersion {
        let owed = owed(entry.moved, by: peer)
        return .with {
            ($0.transfer, $0.lease) = (entry.transfer.description, entry.lease?.description ?? "")
            $0.microcredits = owed.credits.rawValue
            ($0.coreMicroseconds, $0.mibSeconds) = (owed.inKind.cpu.rawValue, owed.inKind.memory.rawValue)
        }
    }

    /// What the peer came to owe this node, of what the node of the greater id came to owe the other.
    private func owed(_ moved: Charge, by peer: NodeID) -> Charge { own < peer ? moved : .zero - moved }

    /// What `surplus doctor` says about peers' ledgers.
    var ledgerFindings: [Finding] {
        engine.read { $0.reconciling.peers.values }.compactMap { known in
            guard let transfer = known.difference?.transfer else { return nil }
            return .warning(
                .peers, "ledgers", "the ledger of \(name(of: known.peer)) differs from this one from \(transfer) on",
                remedy:
                    "'surplus ledger reconcile \(name(of: known.peer))' shows both versions; 'surplus ledger verify' on either "
                    + "side tells whether its own was changed")
        }
    }
}
