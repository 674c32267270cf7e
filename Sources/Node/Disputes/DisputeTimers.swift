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
        guard let shortest = policy.credit.disputes.silences.min() else { return }
        for dispute in disputes.open(since: step.now.utc + -shortest) where isUp(dispute, at: step.now.utc) {
            giveWay(in: dispute, dispute.left, isBySilence: true, &step)
        }
    }

    /// Whether what waits for an answer is told again by itself.
    private func isPursued(_ id: DisputeID, at now: Timestamp) -> Bool {
        disputing[id]?.isFresh == true || disputes[id]?.waitingSince.map { now - $0 <= Dispute.patience } ?? false
    }

    private func isUp(_ dispute: Dispute, at now: Timestamp) -> Bool {
        guard dispute.creditor == id, dispute.isOpen, dispute.proposed == nil, dispute.untold == nil,
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
