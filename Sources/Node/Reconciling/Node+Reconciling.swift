import Bookkeeping
import Resources
import Trading

// The side that begins to compare. It asks for sums over stretches of what both have in one order, narrows the first that differs
// down to an entry, and has a checkpoint signed where none does.

extension Node {
    /// Somebody here wants to know.
    mutating func reconcile(with peer: NodeID, askedAs id: ReconciliationID, _ step: inout Step) {
        guard reconciling.comparisons[peer] == nil else {
            let refusal = Refusal(term: "reconciliation", reason: "it is being made already", retryAfter: .seconds(2))
            return step.act(.reconciliation(id, .refused(refusal)))
        }
        begin(with: peer, askedAs: id, isWhole: true, &step)
    }

    /// - Parameter isWhole: whether both also recount what they have signed before.
    mutating func begin(with peer: NodeID, askedAs id: ReconciliationID? = nil, isWhole: Bool, _ step: inout Step) {
        // What is lost of what both still have to tell each other is told again.
        hasten(peer, &step)
        let known = reconciling[peer]
        var comparison = Comparison(
            id: step.newID(), read: step.newID(), peer: peer, askedAs: id, scope: .open(after: nil, until: 0),
            isWhole: isWhole || known.difference != nil,
            deadline: Deadline(Reconciling.patience, after: step.now))
        comparison.scope = .open(after: digest(of: known.latest, step.notary), until: mark(settledWith: peer, at: step.now))
        read(comparison, &step)
    }

    private func digest(of signed: SignedCheckpoint?, _ notary: any Notary) -> Digest? {
        signed.map { notary.digest($0.document) }
    }

    /// Up to where all is settled: before what awaits the other side's word, and before now. What only one side has booked has a
    /// reservation or an entry here that says so, from before the other one could book it.
    func mark(settledWith peer: NodeID, at now: Moment) -> UInt64 {
        var mark = HistoryMark.before(now.utc)
        func keepBefore(_ transfer: TransferID?) {
            if let transfer { mark = min(mark, transfer.high == 0 ? 0 : transfer.high - 1) }
        }
        for entry in leases.unsettled.values where entry.lease.peer == peer && entry.lease.role == .lender {
            keepBefore(entry.bill.outstanding?.receipt.transfer)
            keepBefore(entry.bill.outstanding?.receipt.compensationTransfer)
        }
        for obligation in obligations.unsettled.values {
            guard let proposed = obligation.proposed, proposed.adjustment.answerer == peer else { continue }
            keepBefore(proposed.adjustment.transfer)
        }
        for entry in nettings where entry.isHeld {
            guard let neighbours = entry.netting.neighbours(of: id), neighbours.creditor == peer || neighbours.debtor == peer
            else { continue }
            keepBefore(entry.netting.transfer)
        }
        for dispute in disputes.open.values where dispute.peer(of: id) == peer {
            keepBefore(dispute.proposed?.resolution.transfer)
        }
        // Its borrower may have booked it, and nobody has said so.
        for dispute in disputes.waiting.keys.compactMap({ disputes[$0] }) where isAwaitingAnswer(about: dispute) {
            guard let receipt = dispute.untold?.receipt, receipt.borrower == peer else { continue }
            keepBefore(receipt.transfer)
            keepBefore(receipt.compensationTransfer)
        }
        for entry in decays.values where entry.side.peer == peer { keepBefore(entry.proposed?.decay.transfer) }
        // The peer settles a swap once it has this node's word on what the peer lent.
        for swap in swaps.values where swap.peer == peer && swap.settled.contains(swap.borrowed) { keepBefore(swap.settlement) }
        return mark
    }

    /// The mark up to which is compared: never less than what is covered, unless something below that is not settled.
    func until(with peer: NodeID, _ covered: UInt64, atMost mark: UInt64, at now: Moment) -> UInt64 {
        let settled = self.mark(settledWith: peer, at: now)
        // A clock that was set back makes nothing unsettled.
        let isPending = settled < HistoryMark.before(now.utc)
        return min(mark, isPending ? settled : max(settled, covered))
    }

    /// Has this node's ledger read for a comparison, which begins or begins anew.
    private mutating func read(_ comparison: Comparison, _ step: inout Step) {
        var comparison = comparison
        let known = reconciling[comparison.peer]
        if case .open(let base, _) = comparison.scope {
            let covered = known.latest?.checkpoint.until ?? 0
            comparison.scope = .open(after: base, until: until(with: comparison.peer, covered, atMost: .max, at: step.now))
        }
        (comparison.stage, comparison.history, comparison.question, comparison.retry) = (.reading, nil, nil, nil)
        comparison.read = step.newID()
        reconciling.comparisons[comparison.peer] = comparison
        step.act(
            .readHistory(
                comparison.read,
                SharedHistoryQuery(
                    own: id, peer: comparison.peer, latest: digest(of: known.latest, step.notary), scope: comparison.scope,
                    checksPast: comparison.isWhole, from: known.from)))
    }

    /// The ledger was read, for a comparison of this node's or a peer's.
    mutating func read(_ id: ReconciliationID, _ found: Result<SharedHistory, Refusal>, _ step: inout Step) {
        if let answered = reconciling.answering.pairs.first(where: { $1.read == id }) {
            return answer(answered.0, answered.1, found, &step)
        }
        guard var comparison = reconciling.comparisons.values.first(where: { $0.read == id }), comparison.stage == .reading else {
            return
        }
        switch found {
        case .failure(let refusal):
            guard refusal.term == "checkpoint", !comparison.scope.isWhole else {
                return end(comparison, .refused(refusal), &step)
            }
            again(comparison, .open(after: nil, until: 0), &step)
        case .success(let history):
            if let unsound = history.unsound, case .open = comparison.scope {
                comparison.isWhole = false
                return again(comparison, .recorded(unsound), &step)
            }
            if case .open(let base, _) = comparison.scope { comparison.scope = .open(after: base, until: history.until) }
            comparison.history = history
            comparison.stage = .asked
            tell(comparison, .comparing(history.entries.count), &step)
            ask(
                .ask(comparison.id, HistoryQuestion(scope: comparison.scope, isWhole: comparison.isWhole, place: history.place)),
                comparison,
                &step)
        }
    }

    mutating func ask(_ question: ReconciliationMessage, _ comparison: Comparison, _ step: inout Step) {
        var comparison = comparison
        comparison.question = question
        comparison.retry = Retry(at: step.now)
        comparison.steps += 1
        guard comparison.steps <= Reconciling.mostSteps * comparison.rounds else {
            return end(comparison, .refused(Self.contradiction), &step)
        }
        reconciling.comparisons[comparison.peer] = comparison
        step.send(.reconciliation(question), to: comparison.peer)
    }

    /// Compares once more from the start, under another id.
    mutating func again(_ comparison: Comparison, _ scope: HistoryScope, _ step: inout Step) {
        var next = comparison
        guard next.rounds < Reconciling.mostRounds else {
            return end(comparison, .refused(Self.unsettled), &step)
        }
        next.rounds += 1
        next.id = step.newID()
        next.scope = scope
        read(next, &step)
    }

    static let contradiction = Refusal(
        term: "reconciliation", reason: "what the peer says of its ledger contradicts itself")
    static let unsettled = Refusal(
        term: "reconciliation", reason: "both ledgers are changing: nothing stays the same long enough", retryAfter: .minutes(1))

    // MARK: Answers

    /// Takes what a peer says about a comparison, whoever began it.
    mutating func take(_ message: ReconciliationMessage, from peer: NodeID, _ step: inout Step) {
        if let comparison = reconciling.comparisons[peer], comparison.id == message.id {
            return follow(comparison, message, &step)
        }
        respond(to: message, from: peer, &step)
    }

    private mutating func follow(_ comparison: Comparison, _ message: ReconciliationMessage, _ step: inout Step) {
        switch (message, comparison.stage) {
        case (.answer(_, let answer), .asked): compare(comparison, answer, &step)
        case (.decline, .reading): return
        case (.decline(_, let obstacle), _): declined(comparison, obstacle, &step)
        case (.sums(_, let after, let through, let sums), .splitting(let begin, let last))
        where after == begin && through == last:
            narrow(comparison, after: after, through: through, sums, &step)
        case (.entries(_, let after, let through, let entries), .listing(let begin, let last))
        where after == begin && through == last:
            guard let own = comparison.history?.entries.stretch(after: after, through: through),
                Self.isOrdered(entries, after, through),
                let difference = own.firstDifference(from: entries[...])
            else { return end(comparison, .refused(Self.contradiction), &step) }
            found(difference, comparison, &step)
        case (.noted, .telling(let difference)): conclude(comparison, difference, &step)
        case (.signed(_, let signature), .signing(let checkpoint)):
            guard step.notary.verify(signature, over: checkpoint.document, by: comparison.peer) else { return }
            agreed(comparison, checkpoint, signature, &step)
        default: return
        }
    }

    private mutating func compare(_ comparison: Comparison, _ answer: HistoryAnswer, _ step: inout Step) {
        var comparison = comparison
        guard var history = comparison.history, answer.until <= history.until, answer.until >= history.base?.until ?? 0 else {
            return end(comparison, .refused(Self.contradiction), &step)
        }
        if case .recorded = comparison.scope, answer.until != history.until {
            return end(comparison, .refused(Self.contradiction), &step)
        }
        history.cut(at: answer.until)
        (comparison.history, comparison.theirs) = (history, answer.place)
        narrow(comparison, after: 0, through: answer.until, answer.sums, &step)
    }

    private static func isOrdered(_ entries: [SharedEntry], _ after: UInt64, _ through: UInt64) -> Bool {
        let marks = [after] + entries.map(\.mark)
        return zip(marks, marks.dropFirst()).allSatisfy { $0 < $1 } && marks.allSatisfy { $0 <= through }
    }

    /// Goes into the first stretch that differs.
    private mutating func narrow(
        _ comparison: Comparison, after: UInt64, through: UInt64, _ sums: [HistorySum], _ step: inout Step
    ) {
        let marks = [after] + sums.map(\.through)
        guard let history = comparison.history, marks.last == through, sums.allSatisfy({ $0.count >= 0 }),
            zip(marks, marks.dropFirst()).allSatisfy({ $0 < $1 || $0 == through })
        else { return end(comparison, .refused(Self.contradiction), &step) }
        for (begin, sum) in zip(marks, sums) {
            let own = history.entries.stretch(after: begin, through: sum.through)
            if Int64(own.count) == sum.count, own.digest(by: step.notary.digest) == sum.digest { continue }
            tell(comparison, .narrowing(max(own.count, Int(clamping: sum.count))), &step)
            guard sum.count > 0 else {
                guard let first = own.first else { return end(comparison, .refused(Self.contradiction), &step) }
                return found(HistoryDifference(here: first, there: nil), comparison, &step)
            }
            var next = comparison
            let isShort = sum.count <= Int64([SharedEntry].fanOut)
            next.stage = isShort ? .listing(after: begin, through: sum.through) : .splitting(after: begin, through: sum.through)
            return ask(
                isShort
                    ? .list(comparison.id, after: begin, through: sum.through)
                    : .split(comparison.id, after: begin, through: sum.through),
                next, &step)
        }
        guard case .asked = comparison.stage else { return end(comparison, .refused(Self.contradiction), &step) }
        same(comparison, history, &step)
    }

    private mutating func declined(_ comparison: Comparison, _ obstacle: HistoryObstacle, _ step: inout Step) {
        switch obstacle {
        case .refused(let refusal): end(comparison, .refused(refusal), &step)
        case .forgotten:
            if case .telling(let difference) = comparison.stage { return conclude(comparison, difference, &step) }
            again(comparison, comparison.scope, &step)
        case .unsound(let checkpoint):
            var next = comparison
            next.isWhole = false
            again(next, .recorded(checkpoint), &step)
        case .unknown(let latest):
            let own = digest(of: reconciling[comparison.peer].latest, step.notary)
            again(comparison, .open(after: latest == own ? nil : latest, until: 0), &step)
        }
    }
}
