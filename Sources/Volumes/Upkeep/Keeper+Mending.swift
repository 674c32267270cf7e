import Resources

/// A block on which a keeper works.
struct Mending: Hashable, Sendable {
    /// As it was when the work began.
    let block: Block
    let plan: MendPlan
    /// Where new copies are made, or good ones in place of damaged ones.
    let targets: [NodeID]
    /// Whether nodes are to be dropped, if all goes well.
    let drops: Bool
    var verified: Set<NodeID> = []
    /// Steps that are not answered.
    var outstanding = 0
    var hasFailed = false
}

/// A block that is tried again later.
struct Deferral: Hashable, Sendable {
    var until: Instant
    var count: Int
    /// How many good copies there were, and how long it is.
    var copies: Int
    var length: UInt32
}

extension Keeper {
    func plan(_ block: Block) -> MendPlan {
        MendPlan(block, stores, damaged: damage[block.id] ?? [], copies: options.copies)
    }

    /// Blocks that are worked on or wait for it.
    package var workload: (underway: Int, waiting: Int) { (jobs.count, queue.count + deferred.count) }

    /// Whether a block is worked on now.
    package func isMending(_ block: BlockID) -> Bool { jobs[block] != nil }

    // MARK: What there is to do

    /// Takes note of a block if it lacks something.
    mutating func enqueue(_ id: BlockID, _ state: some VolumeState) {
        guard jobs[id] == nil, deferred[id] == nil, let block = state.block(id), block.live > 0 else { return }
        let plan = plan(block)
        guard plan.isNeeded || !plan.isPossible else { return dequeue(id) }
        if plan.isPossible { unreachable[id] = nil } else { miss(block) }
        guard plan.isPossible || !plan.doubtful.isEmpty else { return dequeue(id) }
        let urgency = Urgency(copies: plan.sources.count, block: id)
        guard queued[id] != urgency else { return }
        dequeue(id)
        if queue.count >= options.mostQueued {
            survey.isIncomplete = true
            guard let last = queue.keys.last, urgency < last else { return survey.passOver(block.length, copies: urgency.copies) }
            survey.passOver(queue[last] ?? 0, copies: last.copies)
            dequeue(last.block)
        }
        (queue[urgency], queued[id]) = (block.length, urgency)
    }

    mutating func dequeue(_ id: BlockID) {
        if let urgency = queued.removeValue(forKey: id) { queue[urgency] = nil }
    }

    private mutating func miss(_ block: Block) {
        guard unreachable[block.id] == nil else { return }
        unreachable[block.id] = block.length
        directives.append(.report(.unreachable(block.id, on: block.replicas)))
    }

    /// A copy is not what it should be.
    mutating func mark(_ id: BlockID, on node: NodeID, _ state: some VolumeState) {
        #if Defects
            if VolumeDefect.active == .damageForgotten { return }
        #endif
        guard let block = state.block(id), block.replicas.contains(node) else { return }
        var nodes = damage[id] ?? []
        let isNew = nodes.insert(node).inserted
        damage[id] = nodes
        if isNew { directives.append(.report(.damaged(id, on: node))) }
        if jobs[id] != nil {
            jobs[id]?.verified.remove(node)
            jobs[id]?.hasFailed = true
        } else {
            deferred[id] = nil
            enqueue(id, state)
        }
    }

    mutating func lookAround(_ state: some VolumeState, at now: Instant) {
        guard !stores.stores.isEmpty else { return }
        let isDue = survey.ended.map { now >= $0 + options.surveyInterval } ?? true
        if !survey.isUnderway, isDue || survey.isIncomplete && queue.isEmpty { survey.restart() }
        guard survey.isUnderway else { return }
        let page = state.blocks(after: survey.place, limit: options.page)
        for block in page { enqueue(block.id, state) }
        survey.place = page.last?.id
        if page.count < options.page { survey.end(at: now) }
    }

    // MARK: Beginning

    mutating func startJobs(
        _ state: some VolumeState, at now: Instant, using random: inout some RandomNumberGenerator
    ) {
        for (id, deferral) in deferred.pairs where deferral.until <= now {
            let count = deferral.count
            deferred[id] = nil
            enqueue(id, state)
            if queued[id] != nil { retries[id] = count }
        }
        var passedOver = 0
        for urgency in queue.keys {
            guard jobs.count < options.mostJobs, passedOver < options.mostJobs else { return }
            if begin(urgency.block, state, at: now, using: &random) { dequeue(urgency.block) } else { passedOver += 1 }
        }
    }

    /// - Returns: `false` when it has to wait for stores that have enough to do.
    private mutating func begin(
        _ id: BlockID, _ state: some VolumeState, at now: Instant, using random: inout some RandomNumberGenerator
    ) -> Bool {
        guard let block = state.block(id), block.live > 0 else { return true }
        let (plan, size) = (plan(block), footprint(block.length))
        guard plan.isPossible else {
            guard !plan.doubtful.isEmpty else { return true }
            return begin(Mending(block: block, plan: plan, targets: [], drops: false), size, at: now)
        }
        guard plan.isNeeded else { return true }
        // Where a copy cannot be replaced another one is made.
        let rewrite = plan.rewrite.filter { mayHave(id, on: $0, at: now) }
        let lacking = plan.missing + plan.rewrite.count
        let able = able(to: id, besides: block.replicas, at: now)
        let isPossible = !rewrite.isEmpty || !able.choose(1, for: size, using: &random).isEmpty
        let free = StoreMap(able.stores.values.filter { mayBegin(on: $0.node, at: now) })
        let others = free.choose(lacking - rewrite.count, for: size, besides: plan.keep, using: &random)
        let targets = rewrite.filter { mayBegin(on: $0, at: now) } + others
        if lacking > 0, targets.isEmpty {
            guard !isPossible else { return false }
            directives.append(.report(.noRoom(id, needed: size)))
            postpone(block, plan, at: now)
            return true
        }
        let isComplete = targets.count == lacking
        return begin(Mending(block: block, plan: plan, targets: targets, drops: isComplete && !plan.drop.isEmpty), size, at: now)
    }

    private mutating func begin(_ new: Mending, _ size: UInt64, at now: Instant) -> Bool {
        var (job, id) = (new, new.block.id)
        let source = job.targets.isEmpty ? nil : leastBusy(job.plan.sources, at: now)
        let checked = job.plan.isPossible ? job.drops ? job.plan.keep.filter { $0 != source } : [] : job.plan.doubtful
        guard job.targets.isEmpty || source != nil, checked.allSatisfy({ isFree($0, at: now) }) else { return false }
        #if Defects
            if VolumeDefect.active == .droppedUnverified { job.verified = Set(checked) }
        #endif
        job.outstanding = job.targets.count + checked.count - job.verified.count
        jobs[id] = job
        if let source {
            for target in job.targets {
                load(source) { $0.begin(size) }
                load(target) { $0.begin(size, room: size) }
                let (length, checksum) = (job.block.length, job.block.checksum)
                ask(
                    .copy(id, length: length, checksum: checksum, from: source, to: target), .copy(id, from: source, to: target))
            }
        }
        for node in checked where !job.verified.contains(node) { verify(job.block, on: node) }
        if job.outstanding == 0 { markReady(id, at: now) }
        return true
    }

    private mutating func verify(_ block: Block, on node: NodeID) {
        let size = footprint(block.length)
        load(node) { $0.begin(size) }
        ask(.verify(block.id, checksum: block.checksum, on: node), .verify(block.id, on: node))
    }

    // MARK: Whom it may ask

    /// Whether nothing that was deleted there before could hit what is put there, and there is room as far as is known.
    private func mayHave(_ block: BlockID, on node: NodeID, at now: Instant) -> Bool {
        !isCondemned(block, on: node) && loads[node]?.fullness.isOver(at: now) ?? true
    }

    /// Whether a store knows of this home, answers, and may do more now.
    private mutating func mayBegin(on node: NodeID, at now: Instant) -> Bool {
        #if Defects
            if VolumeDefect.active == .epochNotRaised { return isFree(node, at: now) }
        #endif
        return raised.contains(node) && !isSilent(node, at: now) && isFree(node, at: now)
    }

    func isSilent(_ node: NodeID, at now: Instant) -> Bool { !(loads[node]?.silence.isOver(at: now) ?? true) }

    /// Stores that could take a block, with the room that is not promised yet.
    private func able(to block: BlockID, besides named: [NodeID], at now: Instant) -> StoreMap {
        StoreMap(
            stores.stores.values.compactMap { store in
                guard store.phase == .open, !named.contains(store.node), mayHave(block, on: store.node, at: now) else {
                    return nil
                }
                var left = store
                left.free -= min(left.free, loads[store.node]?.promised ?? 0)
                return left
            })
    }

    private mutating func isFree(_ node: NodeID, at now: Instant) -> Bool {
        let (rate, limit) = (stores.stores[node]?.copyRate, options.mostBytes)
        return load(node) { $0.isFree(at: now, rate: rate, limit: limit) }
    }

    mutating func load<Value>(_ node: NodeID, _ body: (inout CopyLoad) -> Value) -> Value {
        var load = loads[node] ?? CopyLoad()
        defer { loads[node] = load }
        return body(&load)
    }

    private mutating func leastBusy(_ nodes: [NodeID], at now: Instant) -> NodeID? {
        let free = nodes.filter { !isSilent($0, at: now) && isFree($0, at: now) }
        return free.min { (loads[$0]?.underway ?? 0, $0) < (loads[$1]?.underway ?? 0, $1) }
    }

    // MARK: Answers

    mutating func copied(
        _ id: BlockID, from source: NodeID, to target: NodeID, _ answer: StoreAnswer, _ state: some VolumeState, at now: Instant
    ) {
        guard let job = jobs[id] else { return }
        let size = footprint(job.block.length)
        loads[source]?.end(size)
        loads[target]?.end(size, room: size)
        switch answer {
        case .done:
            jobs[id]?.verified.insert(source)
            loads[target]?.fullness.succeed()
            #if Defects
                if VolumeDefect.active == .copyUnverified {
                    loads[target]?.begin(size)
                    return verified(id, on: target, .done, state, at: now)
                }
            #endif
            return verify(job.block, on: target)
        case .absent(source), .damaged(source): mark(id, on: source, state)
        case .full(let node): loads[node]?.fullness.fail(at: now, options.retry)
        default: break
        }
        fail(id, at: now)
    }

    mutating func verified(
        _ id: BlockID, on node: NodeID, _ answer: StoreAnswer, _ state: some VolumeState, at now: Instant
    ) {
        guard let job = jobs[id] else { return }
        loads[node]?.end(footprint(job.block.length))
        switch answer {
        case .done:
            jobs[id]?.verified.insert(node)
            if job.plan.rewrite.contains(node) { directives.append(.report(.replaced(id, on: node))) }
            let isFound = !job.plan.isPossible && !job.hasFailed
            if isFound || job.plan.rewrite.contains(node) { clear(id, on: node) }
            settle(id, at: now)
        case .absent, .damaged:
            mark(id, on: node, state)
            fail(id, at: now)
        default: fail(id, at: now)
        }
    }

    private mutating func clear(_ id: BlockID, on node: NodeID) {
        let rest = (damage[id] ?? []).subtracting([node])
        damage[id] = rest.isEmpty ? nil : rest
    }

    private mutating func fail(_ id: BlockID, at now: Instant) {
        jobs[id]?.hasFailed = true
        settle(id, at: now)
    }

    private mutating func settle(_ id: BlockID, at now: Instant) {
        jobs[id]?.outstanding -= 1
        if jobs[id]?.outstanding == 0 { markReady(id, at: now) }
    }

    private mutating func markReady(_ id: BlockID, at now: Instant) {
        ready.append(id)
        readySince = readySince ?? now
    }

    private mutating func postpone(_ block: Block, _ plan: MendPlan, at now: Instant) {
        let count = min((retries[block.id] ?? 0) + 1, 7)
        retries[block.id] = nil
        deferred[block.id] = Deferral(
            until: now + Microseconds(options.retry.rawValue << (count - 1)), count: count, copies: plan.sources.count,
            length: block.length)
    }

    // MARK: Ending

    /// Writes where blocks are now.
    mutating func commit(_ state: some VolumeState, at now: Instant) {
        guard let readySince else { return }
        guard ready.count >= options.batch || ready.count == jobs.count || now >= readySince + options.commitDelay else { return }
        var placements: [BlockPlacement] = []
        for id in ready.prefix(options.batch) {
            guard let job = jobs.removeValue(forKey: id) else { continue }
            if let placement = placement(after: job, state) { placements.append(placement) }
            if job.hasFailed { postpone(job.block, job.plan, at: now) } else { (retries[id], rechecks) = (nil, rechecks + [id]) }
        }
        ready.removeFirst(min(ready.count, options.batch))
        self.readySince = ready.isEmpty ? nil : now
        if !placements.isEmpty { directives.append(.write(.place(placements))) }
    }

    /// Where a block is, as far as that is different now.
    private mutating func placement(after job: Mending, _ state: some VolumeState) -> BlockPlacement? {
        let id = job.block.id
        let added = job.targets.filter { job.verified.contains($0) && !job.plan.rewrite.contains($0) }
        // What was put somewhere and is not named there is waste; it may be there also where that is not known.
        removals += job.targets.filter { !job.plan.rewrite.contains($0) }.map { Spot(block: id, node: $0) }
        guard let block = state.block(id), block.live > 0, block.replicas == job.block.replicas else { return nil }
        let damaged = damage[id] ?? []
        let whole = (job.plan.keep + job.plan.rewrite + added).filter { node in
            let phase = stores.phase(of: node)
            return job.verified.contains(node) && !damaged.contains(node) && (phase == .open || phase == .closed)
        }
        var replicas = Set(block.replicas + added.filter { !damaged.contains($0) })
        if job.drops, !job.hasFailed, whole.count >= options.copies {
            let dropped = Set(job.plan.drop)
            replicas.subtract(dropped)
            removals += job.plan.drop.map { Spot(block: id, node: $0) }
            for node in job.plan.drop where stores.phase(of: node) == .leaving { count(block, movedFrom: node) }
            damage[id] = damaged.subtracting(dropped).isEmpty ? nil : damaged.subtracting(dropped)
        }
        guard replicas != Set(block.replicas) else { return nil }
        return BlockPlacement(block: id, replicas: replicas.sorted())
    }

    private mutating func count(_ block: Block, movedFrom node: NodeID) {
        var count = moved[node] ?? BlockCount()
        count.add(block.length)
        moved[node] = count
    }
}

/// A walk over all blocks.
struct Survey: Hashable, Sendable {
    var place: BlockID?
    private(set) var isUnderway = false
    private(set) var ended: Instant?
    /// Whether more was found than could be kept in mind.
    var isIncomplete = false
    /// What was found in it and not kept in mind, by how many good copies there are. Who hears of a block besides may hear of it again.
    private(set) var rest: [Int: BlockCount] = [:]

    mutating func restart() { (place, isUnderway, isIncomplete, rest) = (nil, true, false, [:]) }
    mutating func end(at now: Instant) { (isUnderway, ended) = (false, now) }
    mutating func passOver(_ length: UInt32, copies: Int) {
        if isUnderway { rest[copies, default: BlockCount()].add(length) }
    }
}
