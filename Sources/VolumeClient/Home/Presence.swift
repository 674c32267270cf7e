internal import Dispatch
internal import Frames
internal import Resources
internal import Synchronization
internal import Volumes

// A session is present as long as the home hears of it, and stops using what it has before the home may give that to others.

extension HomeLink {
    /// Something that was asked then was answered.
    func heard(_ asked: Instant, _ turn: Turn) {
        state.withLock { state in
            guard state.turn == turn else { return }
            extendPresence(asked, &state)
        }
    }

    /// By this machine's clock, which may go slower than the home's: a quarter of the time is left over.
    func extendPresence(_ asked: Instant, _ state: inout LinkState) {
        let until = (asked + state.term.scaled(by: 3, over: 4)).microseconds
        guard until > presence.load(ordering: .relaxed) else { return }
        presence.store(until, ordering: .releasing)
        state.isCutOff = false
    }

    func planBeat() {
        let term = state.withLock(\.term)
        let interval = min(options.beat.microseconds, term.scaled(by: 1, over: 10))
        beating.asyncAfter(deadline: .now() + .microseconds(Int(interval.rawValue))) { [weak self] in self?.beat() }
    }

    private func beat() {
        let (session, turn, isPresent, isOver) = state.withLock { ($0.session, $0.turn, $0.isPresent, $0.end != nil) }
        guard !isOver else { return }
        planBeat()
        lookWhetherCutOff()
        guard isPresent else { return }
        let asked = Instant.now
        line.pool?.start(frame(.ping, session), within: .seconds(5)) { [weak self] result in
            guard let self, let turn else { return }
            switch Outcome(result) {
            case .answer(.done): heard(asked, turn)
            case .answer, .broken: mend(turn)
            case .failed: break
            }
        }
        if let turn { synchronizeSoon(turn) }
    }

    private func lookWhetherCutOff() {
        guard !isPresent else { return }
        let isNew = state.withLock { state in
            defer { state.isCutOff = true }
            return !state.isCutOff
        }
        if isNew { holdings.withLock { $0.value }?.cutOff() }
    }

    /// Finds out what is durable, so that it need not be kept.
    private func synchronizeSoon(_ turn: Turn) {
        let last = state.withLock { state -> UInt64? in
            guard !state.isSynchronizing, let last = state.kept.keys.last else { return nil }
            state.isSynchronizing = true
            return last
        }
        guard let last else { return }
        line.pool?.start(frame(.synchronize(record: last), turn.session), within: options.patience) { [weak self] result in
            guard let self else { return }
            state.withLock { $0.isSynchronizing = false }
            if case .answer(.done) = Outcome(result) { becameDurable(last, turn) }
        }
    }
}
