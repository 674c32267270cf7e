import Bookkeeping
import Resources
import Trading

// The side that answers. It reads its ledger once for a question, and answers all that follows from that: what is asked twice is
// answered alike.

extension Node {
    mutating func respond(to message: ReconciliationMessage, from peer: NodeID, _ step: inout Step) {
        if case .ask(let id, let question) = message { return asked(id, question, by: peer, &step) }
        if case .propose(let id, let document, let signature) = message { return sign(id, document, signature, for: peer, &step) }
        guard let answered = reconciling.answering[peer], answered.id == message.id, let history = answered.history else {
            return
        }
        switch message {
        case .split(let id, let after, let through):
            guard after < through, through <= history.until else { return }
            let sums = history.entries.sums(after: after, through: through, by: step.notary)
            step.send(.reconciliation(.sums(id, after: after, through: through, sums)), to: peer)
        case .list(let id, let after, let through):
            let entries = history.entries.stretch(after: after, through: through)
            guard after < through, through <= history.until, entries.count <= [SharedEntry].fanOut else { return }
            step.send(.reconciliation(.entries(id, after: after, through: through, Array(entries))), to: peer)
        case .found(let id, let difference): told(id, difference.reversed, of: history, by: peer, &step)
        case .ask, .propose, .answer, .decline, .sums, .entries, .noted, .signed: return
        }
    }

    private mutating func asked(_ id: ReconciliationID, _ question: HistoryQuestion, by peer: NodeID, _ step: inout Step) {
        if let answered = reconciling.answering[peer], answered.id == id {
            if let history = answered.history { answer(id, history, to: peer, &step) }
            return
        }
        // Of two who compare at once the lesser id goes on.
        if reconciling.comparisons[peer] != nil {
            guard peer < self.id else {
                let refusal = Refusal(term: "reconciliation", reason: "it compares at this moment", retryAfter: .seconds(2))
                return step.send(.reconciliation(.decline(id, .refused(refusal))), to: peer)
            }
            giveWay(to: peer, &step)
        }
        guard reconciling.answering[peer] != nil || reconciling.answering.count < Reconciling.mostAnswered else {
            let refusal = Refusal(term: "reconciliation", reason: "it compares with others", retryAfter: .minutes(1))
            return step.send(.reconciliation(.decline(id, .refused(refusal))), to: peer)
        }
        hasten(peer, &step)
        reconciling.answering[peer] = AnsweredComparison(
            id: id, question: question, forget: Deadline(Reconciling.memory, after: step.now))
        let known = reconciling[peer]
        var scope = question.scope
        if case .open(let base, let mark) = scope {
            scope = .open(after: base, until: until(with: peer, known.latest?.checkpoint.until ?? 0, atMost: mark, at: step.now))
        }
        step.act(
            .readHistory(
                id,
                SharedHistoryQuery(
                    own: self.id, peer: peer, latest: known.latest.map { step.notary.digest($0.document) }, scope: scope,
                    checksPast: question.isWhole, from: known.from)))
    }

    /// The ledger was read for a peer's question.
    mutating func answer(
        _ peer: NodeID, _ answered: AnsweredComparison, _ found: Result<SharedHistory, Refusal>, _ step: inout Step
    ) {
        guard answered.history == nil else { return }
        var obstacle: HistoryObstacle?
        switch found {
        case .failure(let refusal):
            let latest = reconciling[peer].latest.map { step.notary.digest($0.document) }
            obstacle = refusal.term == "checkpoint" ? .unknown(latest: latest) : .refused(refusal)
        case .success(let history):
            if case .open = answered.question.scope, let unsound = history.unsound {
                obstacle = .unsound(unsound)
            } else {
                reconciling.answering[peer]?.history = history
                answer(answered.id, history, to: peer, &step)
            }
        }
        guard let obstacle else { return }
        reconciling.answering[peer] = nil
        step.send(.reconciliation(.decline(answered.id, obstacle)), to: peer)
    }

    private func answer(_ id: ReconciliationID, _ history: SharedHistory, to peer: NodeID, _ step: inout Step) {
        let sums = history.entries.sums(after: 0, through: history.until, by: step.notary)
        let answer = HistoryAnswer(until: history.until, place: history.place, sums: sums)
        step.send(.reconciliation(.answer(id, answer)), to: peer)
    }

    /// The peer has found the first entry that differs: noted when this ledger has it as the peer says.
    private mutating func told(
        _ id: ReconciliationID, _ difference: HistoryDifference, of history: SharedHistory, by peer: NodeID, _ step: inout Step
    ) {
        guard let mark = difference.mark, difference.here != difference.there,
            [difference.here, difference.there].allSatisfy({ $0.map { $0.mark == mark } ?? true }),
            mark <= history.until, history.entries.stretch(after: mark - 1, through: mark).first == difference.here
        else { return }
        note(difference, with: peer, &step)
        step.send(.reconciliation(.noted(id)), to: peer)
    }

    /// Signs what this ledger comes to as well. What was signed already is answered alike.
    private mutating func sign(
        _ id: ReconciliationID, _ document: [UInt8], _ signature: Signature, for peer: NodeID, _ step: inout Step
    ) {
        if reconciling[peer].latest?.document != document {
            guard let answered = reconciling.answering[peer], answered.id == id, let history = answered.history,
                case .open = answered.question.scope, !history.entries.isEmpty,
                let proposed = try? Checkpoint(document: document),
                step.notary.verify(signature, over: document, by: peer)
            else { return }
            let own = checkpoint(
                over: history, with: peer, theirs: answered.question.place, id: proposed.id, at: proposed.at, step.notary)
            guard own == proposed else { return }
            reconciling.answering[peer] = nil
            record(
                SignedCheckpoint(own, own: step.notary.sign(document), of: self.id, peer: signature), with: peer,
                next: history.next, &step)
        }
        step.send(.reconciliation(.signed(id, step.notary.sign(document))), to: peer)
    }
}
