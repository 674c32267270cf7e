import Resources
import Volumes

extension ReplicatedJournal {
    /// Does what the replica says, in its order. What blocks is rare: beginning an epoch, and dropping records.
    func carryOut(_ directives: [JournalDirective], _ state: inout State) {
        var begun: [UInt64] = []
        for directive in directives where state.failure == nil {
            do throws(VolumeStoreError) {
                if case .begin(let epoch) = directive { begun.append(epoch) }
                try write(directive, &state)
                tell(directive, &state)
            } catch { fail(error, &state) }
        }
        for epoch in begun where state.failure == nil {
            carryOut(state.replica.didBegin(epoch, at: surroundings.clock().instant), &state)
        }
    }

    /// What concerns the journal of this node.
    private func write(_ directive: JournalDirective, _ state: inout State) throws(VolumeStoreError) {
        switch directive {
        case .write(let records):
            let isUrgent = state.replica.writingEpoch == nil || records.last.map { $0.index <= state.haste } ?? true
            try local.append(records, by: state.replica.log.promised, isUrgent: isUrgent)
            state.tail.append(records)
        case .truncate(let index):
            state.tail.truncate(after: index)
            state.history += 1
            for node in state.outboxes.keys { state.outboxes[node]?.removeAll() }
            try local.truncate(after: index, by: state.replica.log.promised)
        case .begin(let epoch): try local.begin(epoch: epoch)
        default: break
        }
    }

    /// What concerns others.
    private func tell(_ directive: JournalDirective, _ state: inout State) {
        switch directive {
        case .write, .truncate, .begin: break
        case .restart(let position):
            fail(.closed, &state)
            state.effects.events.append(.restart(after: position))
        case .send(let message, let node, let through):
            state.outboxes[node, default: JournalOutbox()].add(message, through: through)
        case .copyState(let node):
            if let epoch = state.replica.writingEpoch { state.effects.events.append(.copyState(to: node, epoch: epoch)) }
        case .durable(let index):
            let done = state.waiting.filter { $0.index <= index }
            state.waiting.removeAll { $0.index <= index }
            state.effects.completions += done.map { ($0.completion, .success(())) }
            state.effects.events.append(.durable(through: index))
        case .appoint(let membership): state.effects.events.append(.appoint(membership))
        case .lead(let epoch): state.effects.events.append(.lead(epoch: epoch))
        case .deposed(let epoch, let current):
            let refusal = VolumeStoreError.deposed(epoch: epoch, current: current)
            state.effects.completions += state.waiting.map { ($0.completion, .failure(refusal)) }
            state.waiting = []
            state.effects.events.append(.deposed(by: current))
        case .refused(let refusal): state.effects.events.append(.refused(refusal))
        case .wake(let instant):
            guard state.wake.map({ instant < $0 }) ?? true else { return }
            (state.wake, state.effects.wake) = (instant, instant)
        }
    }
}
