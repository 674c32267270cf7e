import Bookkeeping
import Reclaim
import Resources
import Sandbox

/// What the warden tells by itself, passed on to the node and into the story.
extension GuestKeeper {
    func pass(on notice: WardenNotice) {
        switch notice {
        case .moved(let move): tell(move)
        case .takingBack(let lease, let taking): takeBack(lease, taking)
        case .leaseEnded(let lease, let meter):
            state.withLock { $0.latest[lease] = nil }
            engine.handle(.guestClosed(lease, Self.reading(lease, meter)))
        case .jobEnded, .memoryShort: break
        }
    }

    /// What the warden takes back is ended with what is due for it, and its holder told.
    func takeBack(_ lease: LeaseID, _ taking: TakingBack) {
        engine.handle(.reclaim(lease, atOnce: taking.atOnce, reason: taking.reason))
    }

    private static func kind(of rung: Rung) -> String {
        switch rung {
        case .shaped, .throttled: "guest.throttled"
        case .frozen: "guest.frozen"
        case .ending: "guest.ending"
        }
    }

    func tell(_ move: Move) {
        let (change, evidence) = (move.change, move.change.evidence)
        let isUp = change.to > change.from
        state.withLock { state in
            state.lastMove = max(state.lastMove, move.at)
            state.latest[change.lease] = change.to == .shaped ? nil : move
            if isUp { state.moves.throttled += 1 } else { state.moves.relieved += 1 }
        }
        let kind = move.isDryRun ? "guest.dry-run" : isUp ? Self.kind(of: change.to) : "guest.relieved"
        let what = "\(change.from) to \(change.to), ceiling \(evidence.before.text) to \(evidence.after.text)"
        engine.tell(
            Event(
                at: engine.now.utc, kind: kind, subjects: [change.lease.description],
                text: move.isDryRun ? "\(change.reason): would go from \(what)" : "\(change.reason): \(what)",
                details: [
                    Event.Detail("resource", "\(change.resource)"), Event.Detail("owner_usage", evidence.owner.text),
                    Event.Detail("guest_usage", evidence.guests.text), Event.Detail("threshold", evidence.threshold.text),
                    Event.Detail("pressure", evidence.pressure.text), Event.Detail("rung", "\(change.to)"),
                ]))
    }
}
