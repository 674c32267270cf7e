import Bookkeeping
import Resources
import Trading

// What comes of comparisons: what is recorded and told of them, and when the next one is made.

extension Node {
    /// Records a checkpoint that both have signed.
    ///
    /// - Parameter next: the first row of this ledger that it leaves to the one after it.
    mutating func record(_ signed: SignedCheckpoint, with peer: NodeID, next: Int64, isWhole: Bool, _ step: inout Step) {
        let checkpoint = signed.checkpoint
        step.record(.checkpoint(KeptCheckpoint(signed, next: next), with: peer))
        var known = reconciling[peer]
        (known.latest, known.from) = (signed, next)
        agree(&known, until: checkpoint.until, isWhole: isWhole, &step)
        step.tell(
            "ledger.checkpoint", [checkpoint.id, peer],
            "agreed with \(name(of: peer)) on \(checkpoint.total == 1 ? "one entry" : "\(checkpoint.total) entries"), \(checkpoint.count) new; both have signed that",
            [
                Event.Detail("entries", String(checkpoint.total)), Event.Detail("digest", checkpoint.digest.description),
                Event.Detail("until_utc_microseconds", String(HistoryMark.time(checkpoint.until).microseconds)),
            ])
    }

    /// Both have the same, and nothing new.
    mutating func noteAgreement(with peer: NodeID, until mark: UInt64, isWhole: Bool, _ step: inout Step) {
        var known = reconciling[peer]
        agree(&known, until: mark, isWhole: isWhole, &step)
    }

    private mutating func agree(_ known: inout PeerReconciliation, until mark: UInt64, isWhole: Bool, _ step: inout Step) {
        (known.agreedUntil, known.difference, known.toldAt) = (HistoryMark.time(mark), nil, nil)
        if isWhole { known.recountedAt = step.now.utc }
        keep(known, &step)
    }

    /// Both ledgers differ, as was found twice. It is told again when another entry differs, though no more often than now and then:
    /// how many differences there are is for a peer to say.
    mutating func note(_ difference: HistoryDifference, with peer: NodeID, _ step: inout Step) {
        var known = reconciling[peer]
        guard known.difference != difference else { return }
        let passed = known.toldAt.map { step.now.utc - $0 }
        let isTold =
            known.difference?.mark == difference.mark || passed.map { (.zero..<Reconciling.telling).contains($0) } ?? false
        known.difference = difference
        if !isTold { known.toldAt = step.now.utc }
        keep(known, &step)
        guard !isTold else { return }
        func version(_ entry: SharedEntry?) -> String {
            entry.map { text(ofMoved: $0.moved, with: peer) } ?? "nothing"
        }
        var subjects: [any CustomStringConvertible] = [peer]
        if let transfer = difference.transfer { subjects.append(transfer) }
        if let lease = difference.lease { subjects.append(lease) }
        step.tell(
            "ledger.differs", subjects,
            "the ledger of \(name(of: peer)) differs: here \(version(difference.here)), there \(version(difference.there))",
            [
                Event.Detail("here", version(difference.here)), Event.Detail("there", version(difference.there)),
            ])
    }

    /// What an entry moved, as it looks from here.
    private func text(ofMoved moved: Charge, with peer: NodeID) -> String {
        let owed = id < peer ? moved : .zero - moved
        let (byPeer, byUs) = (owed.clampedToZero, (.zero - owed).clampedToZero)
        let parts = [
            byPeer == .zero ? nil : "\(byPeer.text) owed by \(name(of: peer))",
            byUs == .zero ? nil : "\(byUs.text) owed to \(name(of: peer))",
        ].compactMap(\.self)
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }

    private mutating func keep(_ known: PeerReconciliation, _ step: inout Step) {
        var known = known
        known.next = rhythm.comparing.map { Deadline($0, after: step.now) }
        reconciling.peers[known.peer] = known
        step.record(.state(.reconciliation, id: known.peer.description, known))
    }

    // MARK: Time

    /// A lease has settled: ledgers are compared soon, once for all that settle meanwhile. The lesser id begins; should it not,
    /// the other.
    mutating func compareSoon(with peer: NodeID, at now: Moment, later: Microseconds = .zero) {
        guard rhythm.comparing != nil else { return }
        let due = Deadline(rhythm.comparingSettled * (id < peer ? 1 : 2) + later, after: now)
        var known = reconciling[peer]
        guard known.next.map({ due.remaining(at: now) < $0.remaining(at: now) }) ?? true else { return }
        known.next = due
        reconciling.peers[peer] = known
    }

    /// What was due soon when this node went down is not on record: all that anything was settled with are compared soon, one after
    /// the other.
    mutating func resumeReconciliations(at now: Moment) {
        for (place, line) in books.trustLines(in: .credit).enumerated() {
            compareSoon(with: line.peer, at: now, later: .seconds(Int64(place)))
        }
    }

    mutating func runReconciliations(_ step: inout Step) {
        for (peer, answered) in reconciling.answering.pairs where answered.forget.hasPassed(at: step.now) {
            reconciling.answering[peer] = nil
        }
        for comparison in reconciling.comparisons.values { run(comparison, &step) }
        guard let span = rhythm.comparing else { return }
        for (peer, known) in reconciling.peers.pairs {
            guard let next = known.next, next.hasPassed(at: step.now) else { continue }
            // It is made again a day later, whatever comes of it.
            reconciling.peers[peer]?.next = Deadline(span, after: step.now)
            let passed = known.recountedAt.map { step.now.utc - $0 }
            let isRecent = passed.map { (.zero..<span.scaled(by: 1, over: 2)).contains($0) } ?? false
            if reconciling.comparisons[peer] == nil { begin(with: peer, isWhole: !isRecent, &step) }
        }
    }

    private mutating func run(_ comparison: Comparison, _ step: inout Step) {
        if comparison.deadline.hasPassed(at: step.now) {
            let reason = "\(name(of: comparison.peer)) did not answer in \(Reconciling.patience.text)"
            return giveUpComparing(with: comparison.peer, Refusal(term: "peer", reason: reason, retryAfter: .minutes(1)), &step)
        }
        guard var retry = comparison.retry, let question = comparison.question, retry.at.hasPassed(at: step.now) else { return }
        retry.again(at: step.now, longest: Timing.longestLiveRetry)
        reconciling.comparisons[comparison.peer]?.retry = retry
        step.send(.reconciliation(question), to: comparison.peer)
    }

    /// When something about comparisons is due next.
    func nextReconciliation(at now: Moment) -> Instant? {
        let under = reconciling.comparisons.values.flatMap { [$0.deadline, $0.retry?.at].compactMap(\.self) }
        let due = rhythm.comparing == nil ? [] : reconciling.peers.values.compactMap(\.next)
        return (under + due + reconciling.answering.values.map(\.forget)).map { $0.instant(at: now) }.min()
    }

    /// Civil time was set.
    mutating func anchorReconciliations(at now: Moment) {
        for (peer, known) in reconciling.peers.pairs { reconciling.peers[peer]?.next = known.next?.anchored(at: now) }
    }
}
