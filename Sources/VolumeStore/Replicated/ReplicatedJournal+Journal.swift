import Resources
import Volumes

extension ReplicatedJournal {
    package var standing: JournalStanding {
        let (durable, end, promised) = state.withLock { ($0.replica.durable, $0.replica.log.end.index, $0.replica.log.promised) }
        let local = local.standing
        return JournalStanding(trimmed: local.trimmed, durable: min(durable, end), last: end, epoch: max(promised, local.epoch))
    }

    package var failure: VolumeStoreError? { state.withLock(\.failure) ?? local.failure }

    package func append(_ records: [Record], by epoch: UInt64) throws(VolumeStoreError) {
        let outcome = act { state, now -> Result<Void, VolumeStoreError> in
            let (end, promised) = (state.replica.log.end.index, state.replica.log.promised)
            guard state.replica.writingEpoch == epoch else { return .failure(.deposed(epoch: epoch, current: promised)) }
            guard records.first.map({ $0.index == end + 1 }) ?? true else {
                return .failure(.gap(last: end, next: records[0].index))
            }
            let waiting = local.standing.last - local.standing.durable
            guard waiting < Self.mostWaiting else { return .failure(.overloaded(Int(waiting))) }
            carryOut(state.replica.append(records, at: now) ?? [], &state)
            return state.failure.map { .failure($0) } ?? .success(())
        }
        guard let outcome else { throw failure ?? .closed }
        try outcome.get()
    }

    /// So many records may wait to be synced here.
    private static var mostWaiting: UInt64 { 1 << 15 }

    package func settle(through index: UInt64) { act { state, _ in hurry(through: index, &state) } }

    private func hurry(through index: UInt64, _ state: inout State) {
        guard index > state.haste else { return }
        state.haste = index
        local.settle(through: index)
    }

    package func whenDurable(
        _ index: UInt64, _ completion: @escaping @Sendable (Result<Void, VolumeStoreError>) -> Void
    ) {
        let isTaken: Void? = act { state, _ in
            if index <= state.replica.durable { return state.effects.completions.append((completion, .success(()))) }
            guard state.replica.writingEpoch != nil else {
                let refusal = VolumeStoreError.deposed(epoch: 0, current: state.replica.log.promised)
                return state.effects.completions.append((completion, .failure(refusal)))
            }
            state.waiting.append((index, completion))
            hurry(through: index, &state)
        }
        if isTaken == nil { completion(.failure(failure ?? .closed)) }
    }

    package func records(after index: UInt64, limit: Int) throws(VolumeStoreError) -> [Record] {
        let durable = state.withLock { $0.replica.durable }
        guard durable > index else { return [] }
        return try local.records(after: index, limit: min(limit, Int(clamping: durable - index)))
    }

    package func epoch(of index: UInt64) throws(VolumeStoreError) -> UInt64? { try local.epoch(of: index) }

    package func trim(through index: UInt64) throws(VolumeStoreError) {
        let durable = state.withLock { $0.replica.durable }
        try local.trim(through: min(index, durable))
        act { state, _ in state.replica.didTrim(through: local.standing.trimmed) }
    }

    // Which epoch there is and which records are of the history is agreed on among nodes.

    package func begin(epoch: UInt64) throws(VolumeStoreError) { throw Self.notAlone("epoch \(epoch) is not begun") }

    package func truncate(after index: UInt64, by epoch: UInt64) throws(VolumeStoreError) {
        throw Self.notAlone("records after \(index) are not dropped")
    }

    package func restart(after index: UInt64, epoch: UInt64) throws(VolumeStoreError) {
        throw Self.notAlone("the state is ahead of its journal, at record \(index)")
    }

    private static func notAlone(_ fault: String) -> VolumeStoreError { .diverged("\(fault) by one node alone") }
}
