import Bookkeeping
import Resources
import Trading

// How a comparison ends: with a difference that was found twice, with a checkpoint that both sign, or with the reason why it was not
// made.

extension Node {
    mutating func found(_ difference: HistoryDifference, _ comparison: Comparison, _ step: inout Step) {
        guard comparison.suspected == difference else {
            var next = comparison
            next.suspected = difference
            return again(next, comparison.scope, &step)
        }
        note(difference, with: comparison.peer, &step)
        var next = comparison
        next.stage = .telling(difference)
        ask(.found(comparison.id, difference), next, &step)
    }

    mutating func conclude(_ comparison: Comparison, _ difference: HistoryDifference, _ step: inout Step) {
        end(comparison, .differs(reconciling[comparison.peer]), &step)
    }

    /// Both have the same.
    mutating func same(_ comparison: Comparison, _ history: SharedHistory, _ step: inout Step) {
        guard case .open = comparison.scope, let theirs = comparison.theirs else {
            let reason = "both ledgers have the same, and neither comes to what both have signed in a checkpoint"
            return end(comparison, .refused(Refusal(term: "checkpoint", reason: reason)), &step)
        }
        guard !history.entries.isEmpty else {
            noteAgreement(with: comparison.peer, until: history.until, &step)
            let known = reconciling[comparison.peer]
            return end(comparison, .agreed(known, total: history.base?.total ?? 0), &step)
        }
        let checkpoint = checkpoint(
            over: history, with: comparison.peer, theirs: theirs, id: step.newID(), at: step.now.utc, step.notary)
        var next = comparison
        next.stage = .signing(checkpoint)
        ask(.propose(comparison.id, document: checkpoint.document, step.notary.sign(checkpoint.document)), next, &step)
    }

    /// What both are to sign.
    func checkpoint(
        over history: SharedHistory, with peer: NodeID, theirs: LedgerPlace, id: CheckpointID, at time: Timestamp,
        _ notary: any Notary
    ) -> Checkpoint {
        let isFirst = self.id < peer
        let count = Int64(history.entries.count)
        return Checkpoint(
            id: id, first: min(self.id, peer), second: max(self.id, peer), previous: history.baseDigest ?? .zero,
            until: history.until,
            count: count, digest: history.entries[...].digest(by: notary.digest), total: (history.base?.total ?? 0) + count,
            balance: (history.base?.balance ?? .zero) + history.sum, firstPlace: isFirst ? history.place : theirs,
            secondPlace: isFirst ? theirs : history.place, at: time)
    }

    mutating func agreed(
        _ comparison: Comparison, _ checkpoint: Checkpoint, _ signature: Signature, _ step: inout Step
    ) {
        guard let history = comparison.history else { return }
        let signed = SignedCheckpoint(checkpoint, own: step.notary.sign(checkpoint.document), of: id, peer: signature)
        record(signed, with: comparison.peer, next: history.next, &step)
        guard history.isLimited else {
            return end(comparison, .agreed(reconciling[comparison.peer], total: checkpoint.total), &step)
        }
        reconciling.comparisons[comparison.peer] = nil
        begin(with: comparison.peer, askedAs: comparison.askedAs, isWhole: false, &step)
    }

    mutating func end(_ comparison: Comparison, _ news: ReconciliationNews, _ step: inout Step) {
        reconciling.comparisons[comparison.peer] = nil
        tell(comparison, news, &step)
    }

    func tell(_ comparison: Comparison, _ news: ReconciliationNews, _ step: inout Step) {
        if let id = comparison.askedAs { step.act(.reconciliation(id, news)) }
    }

    /// Gives a comparison up that a peer makes at the same time.
    mutating func giveWay(to peer: NodeID, _ step: inout Step) {
        guard let comparison = reconciling.comparisons[peer] else { return }
        end(
            comparison,
            .refused(
                Refusal(term: "reconciliation", reason: "\(name(of: peer)) compares at this moment", retryAfter: .seconds(2))),
            &step)
    }

    /// Nothing comes back from a peer.
    mutating func giveUpComparing(with peer: NodeID, _ refusal: Refusal, _ step: inout Step) {
        guard let comparison = reconciling.comparisons[peer] else { return }
        if case .telling(let difference) = comparison.stage { return conclude(comparison, difference, &step) }
        end(comparison, .refused(refusal), &step)
    }
}
