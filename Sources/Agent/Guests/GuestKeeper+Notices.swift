import Bookkeeping
import LedgerStore
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

    /// Takes up the steps that the warden remembers; what was taken while nobody listened is told now.
    func catchUp(on moves: [Move]) throws {
        let told = try house.store.state(.setting, id: ToldMoves.key, as: ToldMoves.self)?.until
        // what a warden did before this node was here is no story of it
        state.withLock { $0.lastMove = $0.lastMove ?? told ?? engine.now.utc }
        for move in moves { tell(move) }
    }

    private func tell(_ move: Move) {
        let isNews = state.withLock { state in
            state.latest[move.change.lease] = move.change.to == .shaped ? nil : move
            // One before version 3 does not say when it was. Before catching up nothing is told: it would come before what was missed.
            guard move.at.microseconds == 0 || state.lastMove.map({ move.at > $0 }) ?? false else { return false }
            state.lastMove = max(state.lastMove ?? move.at, move.at)
            if move.change.to > move.change.from { state.moves.throttled += 1 } else { state.moves.relieved += 1 }
            return true
        }
        guard isNews else { return }
        // lost if the disk is, with the note that it was told
        house.store.commit([
            .event(event(of: move)), .state(.setting, id: ToldMoves.key, ToldMoves(until: move.at)),
        ]) { _ in }
    }

    private func event(of move: Move) -> Event {
        let (change, evidence) = (move.change, move.change.evidence)
        let kind = move.isDryRun ? "guest.dry-run" : change.to > change.from ? Self.kind(of: change.to) : "guest.relieved"
        let what = "\(change.from) to \(change.to), ceiling \(evidence.before.text) to \(evidence.after.text)"
        return Event(
            at: move.at.microseconds == 0 ? engine.now.utc : move.at, kind: kind, subjects: [change.lease.description],
            text: move.isDryRun ? "\(change.reason): would go from \(what)" : "\(change.reason): \(what)",
            details: [Event.Detail("resource", "\(change.resource)")] + evidence.details + [Event.Detail("rung", "\(change.to)")])
    }
}

extension Evidence {
    /// What is known of it.
    fileprivate var details: [Event.Detail] {
        let all: [(String, String?)] = [
            ("owner_usage", owner.text), ("guest_usage", guests.text), ("threshold", threshold.text),
            ("pressure", pressure.text), ("pressure_bound", tolerance.text),
            ("guest_disk", diskRate.map { "\($0.text)/s" }), ("memory_available", available?.text),
        ]
        return all.compactMap { name, text in text.flatMap { $0.isEmpty ? nil : Event.Detail(name, $0) } }
    }
}

/// Up to when the warden's steps on the ladder are in the story.
private struct ToldMoves: Codable, Sendable {
    static let key = "enforcer"
    let until: Timestamp
}
