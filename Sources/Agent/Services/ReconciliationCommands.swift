import Bookkeeping
import GRPCCore
import Node
import Resources
import Wire

// What local users ask of comparisons of ledgers.

extension PoolMembership {
    private typealias Tell = @Sendable (NodeID, Surplus_V1_ReconciliationStep.OneOf_Step) -> Void

    /// How many peers are asked at once: one that does not answer must not keep the others waiting.
    private static let mostAtOnce = 8
    /// How often a comparison is waited for that goes on at the moment, and how long each time.
    private static let mostTries = 5
    private static let longestWait = Microseconds.seconds(5)

    /// Compares the ledger with a peer's, or with those of all that anything was settled with, and tells each step.
    func reconcile(
        _ request: Surplus_V1_ReconcileLedgerRequest, _ write: (Surplus_V1_ReconciliationStep) async throws -> Void
    ) async throws {
        let text = try Field.text(request.peer, atMost: 128, "peer")
        let wanted = text.isEmpty ? settledWith : [try roster.peer(text, of: own).node]
        let (steps, teller) = AsyncStream.makeStream(
            of: Surplus_V1_ReconciliationStep.self,
            bufferingPolicy: .bufferingOldest(ReconciliationDesk.mostNews * Self.mostTries * max(1, wanted.count)))
        let tell: Tell = { peer, step in
            teller.yield(
                .with {
                    ($0.peer, $0.peerName, $0.step) = (peer.description, self.name(of: peer), step)
                    $0.peers = Int64(wanted.count)
                })
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { teller.finish() }
                try await self.compare(with: wanted, ofAll: text.isEmpty, tell)
            }
            for await step in steps { try await write(step) }
            try await group.waitForAll()
        }
    }

    private func compare(with peers: [NodeID], ofAll: Bool, _ tell: @escaping Tell) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, peer) in peers.enumerated() {
                if place >= Self.mostAtOnce { try await group.next() }
                group.addTask {
                    var outcome = try await self.outcome(with: peer, tell)
                    outcome.departed = ofAll && self.roster[peer]?.status != .active
                    tell(peer, .outcome(outcome))
                }
            }
            try await group.waitForAll()
        }
    }

    private func outcome(with peer: NodeID, _ tell: Tell) async throws -> Surplus_V1_ReconciliationOutcome {
        if let obstacle = obstacle(toComparingWith: peer) { return failed(with: peer, obstacle) }
        var tries = 1
        while true {
            switch try await end(with: peer, tell) {
            case .reached(let outcome): return outcome
            case .refused(let refusal, let isPeers):
                guard tries < Self.mostTries, isPassing(refusal), let wait = refusal.retryAfter,
                    await Task.rest(for: .microseconds(wait.rawValue))
                else { return failed(with: peer, reason(refusal, isPeers: isPeers, of: peer)) }
            }
            tries += 1
        }
    }

    private func obstacle(toComparingWith peer: NodeID) -> String? {
        if let story = story(ofDeparted: peer) { return "it \(story)" }
        guard !peers.mayHave(.reconciliation, peer) else { return nil }
        return "surplus on \(name(of: peer)) is of a version that cannot compare ledgers: install a newer one there"
    }

    /// What became of a peer that is no member any more.
    private func story(ofDeparted peer: NodeID) -> String? {
        guard let member = roster[peer] else { return "is not in the pool" }
        return member.status == .active ? nil : member.status.story
    }

    private enum ComparisonEnd {
        case reached(Surplus_V1_ReconciliationOutcome)
        case refused(Refusal, isPeers: Bool)
    }

    private func end(with peer: NodeID, _ tell: Tell) async throws -> ComparisonEnd {
        for await told in reconciliations.compare(with: peer) {
            switch told.news {
            case .comparing(let count): tell(peer, .comparing(Int64(count)))
            case .narrowing(let count): tell(peer, .narrowing(Int64(count)))
            case .agreed(let known, let total):
                var outcome = outcome(of: known)
                outcome.entries = total
                return .reached(outcome)
            case .differs(let known): return .reached(outcome(of: known))
            case .refused(let refusal): return .refused(refusal, isPeers: told.isPeers)
            }
        }
        throw RPCError(code: .aborted, message: "the agent is stopping; ask again when it runs")
    }

    private func failed(with peer: NodeID, _ failure: String) -> Surplus_V1_ReconciliationOutcome {
        var outcome = outcome(of: engine.read { $0.reconciling[peer] })
        outcome.failure = failure
        return outcome
    }

    /// Whether what keeps both from comparing is over in a moment: another comparison.
    private func isPassing(_ refusal: Refusal) -> Bool { refusal.retryAfter.map { $0 <= Self.longestWait } ?? false }

    private func reason(_ refusal: Refusal, isPeers: Bool, of peer: NodeID) -> String {
        let name = name(of: peer)
        if isPeers { return "\(name) says: \(refusal.reason)" }
        if isPassing(refusal) { return "a comparison with \(name) is being made already; ask again in a moment" }
        // It was not reached, or does not answer.
        guard refusal.term == "peer", refusal.retryAfter != nil else { return refusal.reason }
        return "\(refusal.reason); see whether surplusd runs on \(name)"
    }

    /// Those with whom there is a line, also those that are no members any more.
    private var settledWith: [NodeID] { Set(engine.read { $0.books.trustLines }.map(\.peer)).sorted() }

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
            info.diskMibSeconds = owed.inKind.disk.rawValue
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
            $0.diskMibSeconds = owed.inKind.disk.rawValue
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
                remedy: remedy(ofDifferenceWith: known.peer))
        }
    }

    private func remedy(ofDifferenceWith peer: NodeID) -> String {
        let name = name(of: peer)
        guard let story = story(ofDeparted: peer) else {
            return "'surplus ledger reconcile \(name)' shows both versions; 'surplus ledger verify' on either side tells whether "
                + "its own was changed"
        }
        return "\(name) \(story), so it cannot be compared again: 'surplus ledger reconcile' shows both versions, "
            + "'surplus ledger verify' tells whether this one was changed, 'surplus statement \(name)' what is left to settle"
    }
}
