import Bookkeeping
import Policy
import Resources
import Trading

// What happens to nettings because time has passed, somebody has left, or a restart.

extension Node {
    mutating func runNettings(_ step: inout Step) {
        for id in netting.entries.keys {
            guard let entry = netting.entries[id], let wake = nextWake(of: entry, at: step.now), wake <= step.now.instant else {
                continue
            }
            run(entry, &step)
        }
        continueSearch(&step)
        keepNettingSchedule(&step)
    }

    /// When something is to be done about nettings next.
    func nextNetting(at now: Moment) -> Instant? {
        let search = netting.search.flatMap { $0.current == nil ? $0.until.instant(at: now) : nil }
        let instants = netting.entries.values.compactMap { nextWake(of: $0, at: now) }
        return (instants + [search, netting.record.next?.instant(at: now)].compactMap(\.self)).min()
    }

    private func nextWake(of entry: NettingEntry, at now: Moment) -> Instant? {
        switch entry.phase {
        case .preparing: return min(entry.deadline.instant(at: now), (entry.retry?.at ?? entry.deadline).instant(at: now))
        case .prepared: return (entry.retry?.at ?? entry.deadline).instant(at: now)
        case .committed, .aborted:
            let isKept = entry.phase == .committed && !entry.unaware.isEmpty
            return [entry.retry?.at, isKept ? nil : entry.forget].compactMap { $0?.instant(at: now) }.min()
        }
    }

    private mutating func run(_ entry: NettingEntry, _ step: inout Step) {
        var entry = entry
        switch entry.phase {
        case .preparing:
            guard entry.deadline.hasPassed(at: step.now) else {
                entry.retry?.again(at: step.now, longest: Timing.longestLiveRetry)
                netting.entries[entry.id] = entry
                return askForSignatures(entry, &step)
            }
            let silent = zip(entry.netting.members, entry.signatures).filter { $1 == nil }.map { name(of: $0.0) }
            let reason =
                silent.isEmpty
                ? "the last signature came too late"
                : "\(silent.joined(separator: ", ")) did not answer in \(Nettings.voting.text)"
            decide(entry, against: Refusal(term: "netting", reason: reason, retryAfter: .zero), &step)
        case .prepared: doubt(entry, &step)
        case .committed, .aborted: remind(entry, &step)
        }
    }

    /// A member that was not told what was decided asks, and keeps what it has reserved.
    private mutating func doubt(_ entry: NettingEntry, _ step: inout Step) {
        var entry = entry
        #if Defects
            if Defect.active == .nettingDoubtGivenUp {
                let word = NettingDecision(netting: entry.id, isCommitted: false, signature: Signature([]))
                finish(&entry, word, &step)
                return keep(entry, &step)
            }
        #endif
        if entry.retry == nil {
            let initiator = name(of: entry.netting.initiator)
            tell("netting.doubt", entry, "\(initiator) has not said what was decided; it is asked until it is known", &step)
            entry.retry = Retry(at: step.now)
        } else {
            entry.retry?.again(at: step.now, longest: Timing.longestRetry)
        }
        netting.entries[entry.id] = entry
        inquire(about: entry, &step)
    }

    /// Tells members again that have not said that they did as was decided; lets go of what all have done.
    private mutating func remind(_ entry: NettingEntry, _ step: inout Step) {
        guard !entry.isForgettable(at: step.now) else {
            netting.entries[entry.id] = nil
            return step.forget(.netting, entry.id)
        }
        var entry = entry
        entry.retry?.again(at: step.now, longest: Timing.longestRetry)
        // Who was away for so long asks by itself once it is back.
        if -entry.deadline.remaining(at: step.now) >= Timing.receiptPatience { entry.retry = nil }
        netting.entries[entry.id] = entry
        if let decision = entry.decision { send(.decision(decision), to: entry.unaware, &step) }
    }

    /// Looks for cycles once a day where the policy says so, at a time of this node's own.
    private mutating func keepNettingSchedule(_ step: inout Step) {
        let isDaily = policy.credit.nets == .daily
        guard isDaily || netting.record.next != nil else { return }
        let day = Microseconds.days(1)
        switch netting.record.next {
        case _ where !isDaily: netting.record.next = nil
        case nil: netting.record.next = Deadline(step.random.span(.zero...day), after: step.now)
        case let next? where next.hasPassed(at: step.now):
            netting.record.next = Deadline(day, after: step.now)
            if netting.search == nil { net(step.newID(), isDryRun: false, &step) }
        default: return
        }
        step.record(.state(.setting, id: NettingRecord.key, netting.record))
    }

    // MARK: Peers that come and go

    /// After a restart: everybody concerned is asked, or told, at once.
    mutating func resumeNettings(at now: Moment) {
        for id in netting.entries.keys { netting.entries[id]?.hasten(at: now) }
    }

    /// A peer can be reached again.
    mutating func hastenNettings(with peer: NodeID, at now: Moment) {
        for (id, entry) in netting.entries.pairs where entry.netting.members.contains(peer) {
            netting.entries[id]?.retry?.hasten(at: now)
        }
    }

    /// Who has left takes part in nothing more: what is not decided comes to nothing, and of what is it need not be told.
    mutating func leaveNettings(_ peer: NodeID, _ step: inout Step) {
        netting.gone.insert(peer)
        netting.search?.found.removeAll { $0.members.contains(peer) }
        for entry in netting.entries.values where entry.netting.members.contains(peer) {
            if entry.phase == .preparing {
                let reason = "\(name(of: peer)) is no longer a member of the pool"
                decide(entry, against: Refusal(term: "member", reason: reason), &step)
            }
            done(entry.id, by: peer, &step)
            giveUpIfNobodyWasTold(entry.id, &step)
            // The others are asked at once, now that its initiator cannot be.
            if netting.entries[entry.id]?.phase == .prepared { netting.entries[entry.id]?.hasten(at: step.now) }
        }
    }

    /// Expresses deadlines by the clocks as they stand now.
    mutating func anchorNettings(_ step: inout Step) {
        for entry in netting.entries.values {
            var entry = entry
            entry.anchor(at: step.now)
            keep(entry, &step)
        }
        guard let next = netting.record.next else { return }
        netting.record.next = next.anchored(at: step.now)
        step.record(.state(.setting, id: NettingRecord.key, netting.record))
    }
}

extension NettingEntry {
    fileprivate mutating func hasten(at now: Moment) {
        guard !isOver else { return }
        if retry == nil { retry = Retry(at: now) }
        retry?.hasten(at: now)
    }
}
