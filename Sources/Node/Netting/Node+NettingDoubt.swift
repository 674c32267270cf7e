import Bookkeeping
import Resources
import Trading

// Members that have signed and do not know what was decided.

extension Node {
    /// Asks the initiator, and after a while the others in turn; all others where the initiator has left the pool.
    func inquire(about entry: NettingEntry, _ step: inout Step) {
        let (members, attempts) = (entry.netting.members, entry.retry?.attempts ?? 0)
        var asked = [entry.netting.initiator]
        if netting.gone.contains(entry.netting.initiator) {
            asked = Array(members.dropFirst())
        } else if attempts > 1 {
            asked.append(members[1 + attempts % (members.count - 1)])
        }
        send(.inquire(document: entry.document), to: asked, &step)
    }

    /// A member asks what was decided.
    mutating func inquired(_ document: [UInt8], by peer: NodeID, _ step: inout Step) {
        guard let draft = try? Netting(document: document), draft.members.contains(peer), draft.members.contains(id) else {
            return
        }
        let isAlone = netting.gone.contains(draft.initiator)
        if let entry = netting.entries[draft.id] {
            guard entry.document == document else { return }
            if let decision = entry.decision { return step.send(.netting(.decision(decision)), to: peer) }
            if isAlone, entry.phase == .prepared || entry.phase == .aborted { step.send(.netting(.untold(draft.id)), to: peer) }
        } else if draft.initiator == id {
            // What its initiator does not know was never committed: of that it is reminded until all have done it.
            let word = NettingDecision.document(of: draft.id, isCommitted: false)
            let decision = NettingDecision(
                netting: draft.id, isCommitted: false, signature: step.notary.sign(word), reason: "it is not known any more")
            step.send(.netting(.decision(decision)), to: peer)
        } else if isAlone, !books.remembers(draft.transfer), !books.mayHaveForgotten(draft.transfer) {
            // It has never signed it, and will not: without that it cannot have been committed.
            step.send(.netting(.untold(draft.id)), to: peer)
        }
    }

    mutating func untold(_ id: NettingID, by peer: NodeID, _ step: inout Step) {
        guard let entry = netting.entries[id], entry.phase == .prepared, entry.netting.members.contains(peer),
            !entry.untold.contains(peer)
        else { return }
        netting.entries[id]?.untold.append(peer)
        giveUpIfNobodyWasTold(id, &step)
    }

    /// Gives back what is reserved for a netting whose initiator has left the pool, once all others say that they were not told
    /// either: nobody hears the initiator any more, so nobody will have posted it (cooperative termination: D. Skeen, 1981).
    mutating func giveUpIfNobodyWasTold(_ id: NettingID, _ step: inout Step) {
        guard var entry = netting.entries[id], entry.phase == .prepared, netting.gone.contains(entry.netting.initiator),
            entry.netting.members.allSatisfy({ $0 == self.id || netting.gone.contains($0) || entry.untold.contains($0) })
        else { return }
        let reason = "\(name(of: entry.netting.initiator)) has left the pool, and nobody was told that it was committed"
        finish(&entry, NettingDecision(netting: id, isCommitted: false, signature: Signature([]), reason: reason), &step)
        // It is nobody's word, to be passed on.
        entry.decision = nil
        entry.retry = nil
        keep(entry, &step)
    }
}
