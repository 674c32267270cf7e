import Bookkeeping
import Resources
import Trading

// Agreeing on a netting in two phases (J. Gray, Notes on data base operating systems, 1978; presumed abort: C. Mohan and B. Lindsay,
// 1983): the initiator's record of its decision is the commit point; who has signed waits for it, and whoever asks about a netting
// that its initiator does not know is told that it came to nothing.

extension Node {
    mutating func take(_ message: NettingMessage, from peer: NodeID, _ step: inout Step) {
        switch message {
        case .probe(let probe): take(probe, from: peer, &step)
        case .prepare(let document, let signature): prepare(document, signature, from: peer, &step)
        case .vote(let id, .success(let signature)): signed(id, signature, by: peer, &step)
        case .vote(let id, .failure(let refusal)): refused(id, refusal, by: peer, &step)
        case .decision(let decision): learn(decision, from: peer, &step)
        case .done(let id): done(id, by: peer, &step)
        case .inquire(let document): inquired(document, by: peer, &step)
        case .untold(let id): untold(id, by: peer, &step)
        }
    }

    /// Stores an entry and records it.
    mutating func keep(_ entry: NettingEntry, _ step: inout Step) {
        netting.entries[entry.id] = entry
        step.record(.state(.netting, id: entry.id.description, entry))
    }

    func send(_ message: NettingMessage, to peers: [NodeID], _ step: inout Step) {
        for peer in peers where peer != id { step.send(.netting(message), to: peer) }
    }

    // MARK: The initiator

    /// Reserves an amount around a cycle and asks all others to do the same.
    ///
    /// - Returns: whether it is under way.
    mutating func begin(_ cycle: DebtCycle, _ step: inout Step) -> Bool {
        guard let search = netting.search, let creditor = cycle.members.dropFirst().first, let debtor = cycle.members.last else {
            return false
        }
        // What was netted since the probe has come back may have left less.
        let amount = min(cycle.amount, nettableDebt(to: creditor), nettableClaim(on: debtor))
        guard amount >= Nettings.least else {
            let less = Refusal(term: "credit", reason: "what was owed has become less, or another netting holds it")
            step.act(.netting(search.id, .ended(step.newID(), cycle, less)))
            return false
        }
        let draft = Netting(
            id: step.newID(), transfer: step.newID(), members: cycle.members, amount: amount, at: step.now.utc,
            deadline: step.now.utc + Nettings.voting)
        if let refusal = reserve(draft, &step) {
            step.act(.netting(search.id, .ended(draft.id, DebtCycle(members: cycle.members, amount: amount), refusal)))
            return false
        }
        let document = draft.document
        let others = Array(draft.members.dropFirst())
        var entry = NettingEntry(
            netting: draft, document: document, phase: .preparing,
            signatures: [step.notary.sign(document)] + others.map { _ in nil }, unaware: others,
            deadline: Deadline(Nettings.voting, after: step.now))
        entry.retry = Retry(at: step.now)
        keep(entry, &step)
        tell("netting.proposed", entry, "proposed to net \(amount.text) around \(names(draft.members))", &step)
        netting.search?.current = draft.id
        step.act(.netting(search.id, .began(draft.id, DebtCycle(members: draft.members, amount: amount))))
        askForSignatures(entry, &step)
        return true
    }

    func askForSignatures(_ entry: NettingEntry, _ step: inout Step) {
        guard let signature = entry.signatures.first ?? nil else { return }
        let missing = zip(entry.netting.members, entry.signatures).filter { $1 == nil }.map(\.0)
        send(.prepare(document: entry.document, signature), to: missing, &step)
    }

    private mutating func signed(_ id: NettingID, _ signature: Signature, by peer: NodeID, _ step: inout Step) {
        guard var entry = netting.entries[id], entry.phase == .preparing, let place = entry.netting.members.firstIndex(of: peer),
            step.notary.verify(signature, over: entry.document, by: peer)
        else { return }
        // Not recorded: after a restart members are asked again, and answer alike.
        entry.signatures[place] = signature
        netting.entries[id] = entry
        guard entry.signatures.allSatisfy({ $0 != nil }), !entry.deadline.hasPassed(at: step.now) else { return }
        decide(entry, against: nil, &step)
    }

    private mutating func refused(_ id: NettingID, _ refusal: Refusal, by peer: NodeID, _ step: inout Step) {
        guard let entry = netting.entries[id], entry.phase == .preparing, entry.netting.members.contains(peer) else { return }
        let reason = "\(name(of: peer)): \(refusal.reason.prefix(500))"
        decide(entry, against: Refusal(term: refusal.term, reason: reason, retryAfter: refusal.retryAfter), &step)
    }

    /// The decision, once the records of this step are durable.
    mutating func decide(_ entry: NettingEntry, against refusal: Refusal?, _ step: inout Step) {
        var entry = entry
        let isCommitted = refusal == nil
        let word = NettingDecision.document(of: entry.id, isCommitted: isCommitted)
        let decision = NettingDecision(
            netting: entry.id, isCommitted: isCommitted, signature: step.notary.sign(word),
            signatures: isCommitted ? entry.signatures.compactMap(\.self) : [], reason: refusal?.reason ?? "")
        finish(&entry, decision, &step)
        entry.retry = Retry(at: step.now)
        keep(entry, &step)
        #if Defects
            if Defect.active == .nettingNotRecorded, isCommitted { step.outcome.records.removeLast() }
        #endif
        send(.decision(decision), to: entry.unaware, &step)
        note(entry, ended: refusal, &step)
    }

    mutating func done(_ id: NettingID, by peer: NodeID, _ step: inout Step) {
        guard var entry = netting.entries[id], !entry.isHeld, entry.unaware.contains(peer) else { return }
        entry.unaware.removeAll { $0 == peer }
        // Who is told once more after a restart answers alike.
        guard entry.unaware.isEmpty else {
            netting.entries[id] = entry
            return
        }
        entry.retry = nil
        keep(entry, &step)
    }

    // MARK: A member

    /// Reserves what the initiator asks for, and signs; or says why not.
    private mutating func prepare(_ document: [UInt8], _ signature: Signature, from peer: NodeID, _ step: inout Step) {
        guard let draft = try? Netting(document: document), draft.initiator == peer, draft.members.contains(id),
            step.notary.verify(signature, over: document, by: peer)
        else { return }
        if let entry = netting.entries[draft.id] {
            guard entry.document == document, entry.netting.initiator == peer else { return }
            return repeatVote(entry, &step)
        }
        if let refusal = objection(toTimesOf: draft, at: step.now) ?? reserve(draft, &step) {
            step.tell(
                "netting.refused", [draft.id] + draft.members,
                "refused to net \(draft.amount.text) around \(names(draft.members)): \(refusal.reason)")
            return step.send(.netting(.vote(draft.id, .failure(refusal))), to: peer)
        }
        let own = step.notary.sign(document)
        let entry = NettingEntry(
            netting: draft, document: document, phase: .prepared,
            signatures: draft.members.map { $0 == peer ? signature : $0 == id ? own : nil },
            deadline: Deadline(Nettings.voting, after: step.now))
        keep(entry, &step)
        tell("netting.prepared", entry, "reserved \(draft.amount.text) to be netted around \(names(draft.members))", &step)
        step.send(.netting(.vote(draft.id, .success(own))), to: peer)
        #if Defects
            if Defect.active == .nettingPostedAtPrepare { post(draft, &step) }
        #endif
    }

    /// Answers a question that was asked before as it was then.
    private func repeatVote(_ entry: NettingEntry, _ step: inout Step) {
        switch entry.phase {
        case .prepared:
            guard let place = entry.netting.members.firstIndex(of: id), let own = entry.signatures[place] else { return }
            step.send(.netting(.vote(entry.id, .success(own))), to: entry.netting.initiator)
        case .committed, .aborted: step.send(.netting(.done(entry.id)), to: entry.netting.initiator)
        case .preparing: break
        }
    }

    /// What was decided, from the initiator or by way of another member.
    private mutating func learn(_ decision: NettingDecision, from peer: NodeID, _ step: inout Step) {
        guard !netting.gone.contains(peer) else { return }
        guard var entry = netting.entries[decision.netting] else {
            // It was done and is forgotten, or came to nothing before this node had heard of it.
            return step.send(.netting(.done(decision.netting)), to: peer)
        }
        let initiator = entry.netting.initiator
        if entry.phase == .prepared {
            guard step.notary.verify(decision.signature, over: decision.document, by: initiator),
                !decision.isCommitted || isSigned(entry, decision.signatures, &step)
            else { return }
            finish(&entry, decision, &step)
            entry.retry = nil
            keep(entry, &step)
        }
        guard initiator != id, (entry.phase == .committed) == decision.isCommitted else { return }
        step.send(.netting(.done(entry.id)), to: initiator)
    }

    private func isSigned(_ entry: NettingEntry, _ signatures: [Signature], _ step: inout Step) -> Bool {
        signatures.count == entry.netting.members.count
            && zip(entry.netting.members, signatures).allSatisfy {
                step.notary.verify($1, over: entry.document, by: $0)
            }
    }

    // MARK: Both

    func tell(_ kind: String, _ entry: NettingEntry, _ text: String, _ step: inout Step) {
        let draft = entry.netting
        let subjects: [any CustomStringConvertible] = [draft.id, draft.transfer, draft.posting] + draft.members
        step.tell(kind, subjects, text, [Event.Detail("amount_microcredits", String(draft.amount.rawValue))])
    }

    func names(_ members: [NodeID]) -> String { (members + members.prefix(1)).map(name(of:)).joined(separator: " > ") }
}
