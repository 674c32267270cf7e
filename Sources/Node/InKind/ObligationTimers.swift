import Bookkeeping
import Resources
import Trading

// What falls due of obligations: asking again, and turning into credits what was not redeemed in its window.

extension Node {
    /// Sends again what was not answered, and proposes to convert what was not redeemed in time.
    mutating func runObligationTimers(_ step: inout Step) {
        obligations.forget(at: step.now.utc)
        for (id, obligation) in obligations.unsettled.pairs {
            if let signed = obligation.proposed {
                var retry = adjusting[id] ?? Retry(due: step.now)
                guard retry.at.hasPassed(at: step.now) else { continue }
                retry.again(at: step.now, longest: Timing.longestRetry)
                adjusting[id] = retry
                send(signed, &step)
            } else if let due = conversionDue(of: obligation, at: step.now), due.hasPassed(at: step.now) {
                convert(obligation, &step)
            }
        }
    }

    private mutating func convert(_ obligation: Obligation, _ step: inout Step) {
        guard redemptions(of: obligation.id).isEmpty else {
            convertAt[obligation.id] = Deadline(.minutes(1), after: step.now)
            return
        }
        var adjustment = blank(.conversion, of: obligation, &step)
        adjustment.amount = Charge(credits: obligation.worth, inKind: obligation.left)
        adjustment.premium = obligation.wasRefused ? obligation.premium : .zero
        propose(adjustment, of: obligation, &step)
    }

    /// When a creditor converts what is left; `nil` while nothing is, or more may come.
    private func conversionDue(of obligation: Obligation, at now: Moment) -> Deadline? {
        guard obligation.creditor == id, !obligation.isAccruing, obligation.left != .zero else { return nil }
        let due = Deadline(obligation.deferral.until - now.utc, after: now)
        return convertAt[obligation.id] ?? due
    }

    /// When something about obligations is due next.
    func nextObligationWake(at now: Moment) -> Instant? {
        var wake: Instant?
        for obligation in obligations.unsettled.values {
            let due =
                obligation.proposed == nil
                ? conversionDue(of: obligation, at: now) : (adjusting[obligation.id] ?? Retry(due: now)).at
            guard let instant = due?.instant(at: now) else { continue }
            wake = min(wake ?? instant, instant)
        }
        return wake
    }

    /// A peer can be reached again: what it was asked is asked at once.
    mutating func hasten(adjustmentsWith peer: NodeID, at now: Moment) {
        for obligation in obligations.unsettled.values where obligation.proposed?.adjustment.answerer == peer {
            adjusting[obligation.id]?.hasten(at: now)
        }
    }
}
