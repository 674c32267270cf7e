import Bookkeeping
import Policy
import Resources
import Trading

// What falls due of disputes: telling again, and giving way where the owner's policy says that silence means that.

extension Node {
    /// Sends again what was not answered, and gives way in what nobody here has said anything about for too long.
    mutating func runDisputeTimers(_ step: inout Step) {
        disputes.forget(at: step.now.utc)
        for id in disputes.waiting.keys where isPursued(id, at: step.now.utc) {
            var retry = disputing[id] ?? Retry(due: step.now)
            guard retry.at.hasPassed(at: step.now), let dispute = disputes[id] else { continue }
            retry.again(at: step.now, longest: Timing.longestDisputeRetry)
            disputing[id] = retry
            if let signed = dispute.proposed { send(signed, &step) } else { notify(dispute, &step) }
        }
        dropUnheard(&step)
        guard let shortest = policy.credit.disputes.silences.min() else { return }
        for dispute in disputes.open(since: step.now.utc + -shortest) where isUp(dispute, at: step.now.utc) {
            giveWay(in: dispute, dispute.left, isBySilence: true, &step)
        }
    }

    /// What this side has dropped is dropped once nobody answers any more: nothing of it is in the books of the other side, which need
    /// not know.
    private mutating func dropUnheard(_ step: inout Step) {
        for id in disputes.waiting.keys where !isPursued(id, at: step.now.utc) {
            guard var dispute = disputes[id], dispute.proposed != nil, dispute.creditor == self.id, !dispute.isAboutPayment
            else { continue }
            let reason = "\(name(of: dispute.debtor)) has not answered for \(Dispute.patience.text)"
            dispute.giveUp(Refusal(term: "peer", reason: reason), at: step.now.utc)
            disputing[id] = nil
            dropAlone(&dispute, &step)
        }
    }

    /// Who has left answers no more: what is in dispute with it is dropped alone, by its owner's word or when the time is up.
    mutating func leaveDisputes(_ peer: NodeID, _ step: inout Step) {
        let unended = disputes.open.keys + disputes.waiting.keys.filter { disputes.open[$0] == nil }
        for var dispute in unended.compactMap({ disputes[$0] }) where dispute.peer(of: id) == peer {
            dispute.giveUp(
                Refusal(term: "peer", reason: "\(name(of: peer)) is no longer a member of the pool"), at: step.now.utc)
            disputing[dispute.id] = nil
            keep(dispute, &step)
            if dispute.cause == .unanswered { closeInKind(ofWrittenOff: dispute.lease, &step) }
            step.act(.disputeDecided(dispute.id, dispute.refusal))
        }
    }

    /// Whether what waits for an answer is told again by itself.
    private func isPursued(_ id: DisputeID, at now: Timestamp) -> Bool {
        disputing[id]?.isFresh == true || disputes[id]?.waitingSince.map { now - $0 <= Dispute.patience } ?? false
    }

    private func isUp(_ dispute: Dispute, at now: Timestamp) -> Bool {
        guard dispute.creditor == id, dispute.isOpen, dispute.proposed == nil, dispute.untold == nil || dispute.canBeDroppedAlone,
            let span = policy.credit.disputes.silence(isPaid: dispute.isAboutPayment)
        else { return false }
        return now - dispute.opened >= span
    }

    /// When something about disputes is due next.
    func nextDisputeWake(at now: Moment) -> Instant? {
        var wake: Instant?
        func consider(_ instant: Instant) { wake = min(wake ?? instant, instant) }
        for id in disputes.waiting.keys where isPursued(id, at: now.utc) {
            consider((disputing[id] ?? Retry(due: now)).at.instant(at: now))
        }
        for span in policy.credit.disputes.silences {
            guard let opened = disputes.nextOpened(after: now.utc + -span) else { continue }
            consider(Deadline(opened + span - now.utc, after: now).instant(at: now))
        }
        return wake
    }

    /// A peer can be reached again: what it was told is told at once.
    mutating func hasten(disputesWith peer: NodeID, at now: Moment) {
        for id in disputes.waiting.keys where disputes[id]?.peer(of: self.id) == peer { disputing[id]?.hasten(at: now) }
    }
}
