import Resources

/// What is to be deleted on one store.
struct Condemned: Hashable, Sendable {
    struct Sentence: Hashable {
        let block: BlockID
        /// The record that has to be durable before.
        let after: UInt64
    }

    var waiting: [Sentence] = []
    /// Those that wait and those that are asked for.
    var blocks: Set<BlockID> = []
    var isAsked = false
}

/// A walk over what a store has, and has not.
struct Sweep: Hashable, Sendable {
    var due: Instant
    var place: BlockID?
    var isAsked = false
    /// Blocks that the metadata name there and that were not among those listed; `nil` when that was not asked for a second time.
    var missed: Set<BlockID>?
    /// Whether something is there that could be waste, and is too young for it to be certain.
    var hasYoung = false
    /// Whether it began when the metadata named nothing there any more, and has found nothing as yet.
    var isClear = false
    /// Whether one has come to its end like that.
    var hasBeenClear = false
}

extension Keeper {
    /// Whether a deletion of a block on a node is to come.
    func isCondemned(_ block: BlockID, on node: NodeID) -> Bool { condemned[node]?.blocks.contains(block) ?? false }

    private func isNamed(_ block: BlockID, on node: NodeID, _ state: some VolumeState) -> Bool {
        state.block(block)?.replicas.contains(node) ?? false
    }

    /// Looks what has become of what was to be removed from the metadata, and of what was to be put into them.
    mutating func judgeRemovals(_ state: some VolumeState) {
        for spot in removals { condemn(spot.block, on: spot.node, state) }
        removals = []
        for id in rechecks { enqueue(id, state) }
        rechecks = []
    }

    /// Has a copy deleted that the metadata do not name, once it is durable that they do not.
    private mutating func condemn(_ block: BlockID, on node: NodeID, _ state: some VolumeState) {
        // What a node has that nothing is heard of is found when it comes back.
        guard let phase = stores.stores[node]?.phase, phase != .lost, !isNamed(block, on: node, state) else { return }
        guard !isTarget(node, of: block) else { return }
        var entry = condemned[node] ?? Condemned()
        if entry.blocks.insert(block).inserted {
            entry.waiting.append(Condemned.Sentence(block: block, after: state.header.applied))
        }
        condemned[node] = entry
    }

    private func isTarget(_ node: NodeID, of block: BlockID) -> Bool {
        #if Defects
            if VolumeDefect.active == .targetsSwept { return false }
        #endif
        return jobs[block]?.targets.contains(node) ?? false
    }

    mutating func delete(_ state: some VolumeState, at now: Instant) {
        for (node, entry) in condemned.pairs where !entry.isAsked && isReachable(node, at: now) {
            let due = entry.waiting.prefix { isDurable($0.after) }.prefix(options.batch)
            guard !due.isEmpty else { continue }
            condemned[node]?.waiting.removeFirst(due.count)
            condemned[node]?.isAsked = true
            let blocks = due.map(\.block)
            ask(.delete(blocks, on: node, fence(on: node)), .delete(blocks, on: node))
        }
    }

    private func isDurable(_ record: UInt64) -> Bool {
        #if Defects
            if VolumeDefect.active == .deletedBeforeDurable { return true }
        #endif
        return record <= durable
    }

    private func isReachable(_ node: NodeID, at now: Instant) -> Bool {
        #if Defects
            if VolumeDefect.active == .epochNotRaised { return stores.phase(of: node) != .lost }
        #endif
        return raised.contains(node) && stores.phase(of: node) != .lost && !isSilent(node, at: now)
    }

    mutating func deleted(_ blocks: [BlockID], on node: NodeID, _ answer: StoreAnswer, at now: Instant) {
        guard var entry = condemned[node] else { return }
        entry.isAsked = false
        if answer == .done {
            entry.blocks.subtract(blocks)
        } else {
            doubt(node)
            entry.waiting = blocks.map { Condemned.Sentence(block: $0, after: 0) } + entry.waiting
        }
        condemned[node] = entry
    }

    /// It is not known what has become of a deletion: the store is to refuse it, if it comes to it yet.
    private mutating func doubt(_ node: NodeID) {
        #if Defects
            if VolumeDefect.active == .doubtForgotten { return }
        #endif
        terms[node, default: 0] += 1
        raised.remove(node)
    }

    // MARK: What no file refers to

    /// Forgets blocks that no file refers to; what is stored of them is deleted when that is durable.
    mutating func buryDead(_ state: some VolumeState) {
        let dead = state.deadBlocks(after: nil, limit: options.batch)
        guard !dead.isEmpty else { return }
        directives.append(.write(.forget(dead.map(\.id))))
        for block in dead {
            removals += block.replicas.map { Spot(block: block.id, node: $0) }
            (damage[block.id], deferred[block.id]) = (nil, nil)
            dequeue(block.id)
            unreachable[block.id] = nil
        }
    }

    // MARK: What no metadata name

    mutating func sweep(at now: Instant) {
        for (node, sweep) in sweeps.pairs where sweep.due <= now && !sweep.isAsked && isReachable(node, at: now) {
            sweeps[node]?.isAsked = true
            if sweep.place == nil { sweeps[node]?.isClear = emptySince[node] != nil }
            ask(.list(on: node, after: sweep.place, limit: options.page), .list(node))
        }
    }

    mutating func listed(on node: NodeID, _ answer: StoreAnswer, _ state: some VolumeState, at now: Instant) {
        guard var sweep = sweeps[node] else { return }
        sweep.isAsked = false
        guard case .listed(let blocks, let areLast) = answer else {
            sweep.due = now + options.retry
            sweeps[node] = sweep
            return
        }
        for block in blocks where !isNamed(block, on: node, state) {
            if isPastUse(block, state) {
                condemn(block, on: node, state)
            } else {
                sweep.hasYoung = true
            }
        }
        let missing = missing(on: node, after: sweep.place, blocks, areLast, state)
        if sweep.missed == nil, !missing.isEmpty {
            // A writer may have put them there, and into a file, while the answer was on its way.
            sweep.missed = missing
            sweeps[node] = sweep
            return
        }
        for block in missing.sorted() where sweep.missed?.contains(block) ?? false { mark(block, on: node, state) }
        sweep.missed = nil
        if !blocks.isEmpty { sweep.isClear = false }
        sweep.place = areLast ? nil : blocks.last
        if areLast {
            if sweep.isClear { sweep.hasBeenClear = true }
            let isAwaited = emptySince[node] != nil && !sweep.hasBeenClear
            // What was too young is looked at again when the next generation begins.
            sweep.due = now + (isAwaited ? options.retry : options.surveyInterval)
        }
        sweeps[node] = sweep
    }

    /// Blocks that the metadata name on a node and that are not there, between those that are.
    private func missing(
        on node: NodeID, after first: BlockID?, _ listed: [BlockID], _ areLast: Bool, _ state: some VolumeState
    ) -> Set<BlockID> {
        let there = Set(listed)
        var missing: Set<BlockID> = []
        var place = first
        while case let page = state.blocks(on: node, after: place, limit: options.page), !page.isEmpty {
            for block in page {
                guard areLast || listed.last.map({ block.id <= $0 }) ?? false else { return missing }
                if !there.contains(block.id) { missing.insert(block.id) }
            }
            place = page.last?.id
        }
        return missing
    }

    private func isPastUse(_ block: BlockID, _ state: some VolumeState) -> Bool {
        #if Defects
            if VolumeDefect.active == .youngSwept { return true }
        #endif
        return block.generation < state.header.oldestGeneration
    }

    // MARK: Generations

    /// When the next generation begins; `nil` while nothing waits for it.
    var nextAdvance: Instant? {
        guard let lastAdvance else { return nil }
        if leavingSince.keys.contains(where: { !evacuated.contains($0) }) {
            return lastAdvance + min(options.generationSpan, options.leavingSpan)
        }
        return sweeps.values.contains(where: \.hasYoung) ? lastAdvance + options.generationSpan : nil
    }

    mutating func finishEvacuations(_ state: some VolumeState, at now: Instant) {
        for (node, since) in leavingSince.pairs where !evacuated.contains(node) {
            guard isLeft(node, since, state) else {
                emptySince[node] = nil
                sweeps[node]?.hasBeenClear = false
                continue
            }
            // Waste may be there that came after the last walk.
            if emptySince[node] == nil { sweeps[node]?.due = now }
            // Whoever is the home later has to know it too.
            let record = emptySince[node] ?? state.header.applied
            emptySince[node] = record
            guard isDurable(record), sweeps[node]?.hasBeenClear ?? false else { continue }
            evacuated.insert(node)
            directives.append(.report(.evacuated(node)))
        }
        beginGeneration(state, at: now)
    }

    /// Whether nothing is on a node, and nothing that a writer has put there can still get into a file.
    private func isLeft(_ node: NodeID, _ since: UInt64, _ state: some VolumeState) -> Bool {
        guard state.blocks(on: node, after: nil, limit: 1).isEmpty else { return false }
        guard !jobs.values.contains(where: { $0.targets.contains(node) }) else { return false }
        #if Defects
            if VolumeDefect.active == .leftEarly { return true }
        #endif
        return state.header.oldestGeneration > since
    }

    private mutating func beginGeneration(_ state: some VolumeState, at now: Instant) {
        lastAdvance = lastAdvance ?? now
        guard let nextAdvance, now >= nextAdvance else { return }
        lastAdvance = now
        directives.append(.write(.advance))
        for (node, sweep) in sweeps.pairs where sweep.hasYoung && sweep.place == nil && sweep.missed == nil && !sweep.isAsked {
            // What is older was looked at.
            sweeps[node] = Sweep(due: now, place: BlockID(firstOf: state.header.oldestGeneration))
        }
    }
}
