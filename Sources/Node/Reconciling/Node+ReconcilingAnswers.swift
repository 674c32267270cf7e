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
            return message.isQuestion ? step.send(.reconciliation(.decline(message.id, .forgotten)), to: peer) : ()
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
        case .same: agreed(answered, history, with: peer, &step)
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
        if let refusal = refusal(toAnswer: peer, at: step.now) {
            return step.send(.reconciliation(.decline(id, .refused(refusal))), to: peer)
        }
        hasten(peer, &step)
        let known = reconciling[peer]
        let answered = AnsweredComparison(
            id: id, read: step.newID(), question: question, isWhole: question.isWhole || known.difference != nil,
            began: step.now.instant, forget: Deadline(Reconciling.memory, after: step.now))
        reconciling.answering[peer] = answered
        var scope = question.scope
        if case .open(let base, let mark) = scope {
            scope = .open(after: base, until: until(with: peer, known.latest?.checkpoint.until ?? 0, atMost: mark, at: step.now))
        }
        step.act(
            .readHistory(
                answered.read,
                SharedHistoryQuery(
                    own: self.id, peer: peer, latest: known.latest.map { step.notary.digest($0.document) }, scope: scope,
                    checksPast: answered.isWhole, from: known.from)))
    }

    private mutating func refusal(toAnswer peer: NodeID, at now: Moment) -> Refusal? {
        let before = reconciling.answering[peer]
        if let before, before.history == nil, now.instant - before.began < Reconciling.reading {
            return Refusal(
                term: "reconciliation", reason: "it reads its ledger for another question of yours", retryAfter: .seconds(2))
        }
        guard before != nil || reconciling.answering.count < Reconciling.mostAnswered else {
            return Refusal(
                term: "reconciliation", reason: "it compares its ledger with those of others", retryAfter: .minutes(1))
        }
        guard reconciling.traffic.admit(peer, at: now.instant) else {
            return Refusal(
                term: "reconciliation", reason: "it was asked more than \(Reconciling.questionsPerMinute) times in a minute",
                retryAfter: .minutes(1))
        }
        return nil
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
        guard let mark = difference.mark, mark > 0, difference.here != difference.there,
            [difference.here, difference.there].allSatisfy({ $0.map { $0.mark == mark } ?? true }),
            mark <= history.until, history.entries.stretch(after: mark - 1, through: mark).first == difference.here
        else { return }
        note(difference, with: peer, &step)
        step.send(.reconciliation(.noted(id)), to: peer)
    }

    /// The peer has found that both have the same, and nothing that is not signed. That what differed is alike is not taken on trust.
    private mutating func agreed(
        _ answered: AnsweredComparison, _ history: SharedHistory, with peer: NodeID, _ step: inout Step
    ) {
        guard case .open = answered.question.scope, history.entries.isEmpty else { return }
        reconciling.answering[peer] = nil
        guard reconciling[peer].difference == nil else { return compareSoon(with: peer, at: step.now) }
        noteAgreement(with: peer, until: history.until, isWhole: answered.isWhole, &step)
    }

    /// Signs what this ledger comes to as well. What was signed already is answered alike.
    private mutating func sign(
        _ id: ReconciliationID, _ document: [UInt8], _ signature: Signature, for peer: NodeID, _ step: inout Step
    ) {
        if reconciling[peer].latest?.document != document {
            do throws(HistoryObstacle) {
                try join(id, document, signature, of: peer, &step)
            } catch {
                return step.send(.reconciliation(.decline(id, error)), to: peer)
            }
        }
        step.send(.reconciliation(.signed(id, step.notary.sign(document))), to: peer)
    }

    /// Records a checkpoint that a peer proposes, when it is what this ledger comes to.
    private mutating func join(
        _ id: ReconciliationID, _ document: [UInt8], _ signature: Signature, of peer: NodeID, _ step: inout Step
    ) throws(HistoryObstacle) {
        guard let answered = reconciling.answering[peer], answered.id == id, let history = answered.history else {
            throw .forgotten
        }
        guard case .open = answered.question.scope, !history.entries.isEmpty || history.isLimited,
            let proposed = try? Checkpoint(document: document), step.notary.verify(signature, over: document, by: peer),
            proposed.at - step.now.utc <= Reconciling.clockTolerance
        else { throw .refused(Self.contradiction) }
        let own = checkpoint(over: history, with: peer, theirs: answered.question.place, at: proposed.at, step.notary)
        guard own == proposed else { throw .refused(Self.contradiction) }
        let known = reconciling[peer]
        guard known.mayAgree(until: own.until, isWhole: answered.isWhole), known.isExtended(by: own) else {
            throw .refused(Self.unsettled)
        }
        reconciling.answering[peer] = nil
        // A peer that has lost the latest gets one of the same entries; here that would say nothing new.
        guard own.total > known.latest?.checkpoint.total ?? -1 else { return }
        record(
            SignedCheckpoint(own, own: step.notary.sign(document), of: self.id, peer: signature), with: peer,
            next: history.next, isWhole: answered.isWhole, &step)
    }
}
