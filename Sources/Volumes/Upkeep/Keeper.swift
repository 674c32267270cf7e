import Resources

/// Keeps the blocks of a volume whole: as many good copies of each as there are to be, nothing on nodes that are left, and no waste.
///
/// It works beside the home of the volume, on the same state, and ends with it; the next begins from what the metadata say. What holds:
///
/// - **A copy counts when it was verified** where it lies: only then its place is written into the metadata.
/// - **A place is dropped only when as many others were verified** as the block is to have copies, and nothing is deleted before the
///   record that dropped it is durable. So whoever is the home later never looks for a copy that is deleted.
/// - **Waste is told by generations**: see ``BlockID/generation``. What a writer has stored and not yet put into a file is no waste.
/// - **A deletion that was not answered may be carried out at any later time**, and so may those of older homes. Nothing is put on a
///   store before it knows of a fence (``BlockFence``) that is later than all of these.
/// - The most endangered blocks come first, among those that are known; every store works within what its owner allows.
package struct Keeper: Sendable {
    package struct Options: Hashable, Sendable {
        /// That each block is to have.
        package var copies: Int
        /// Blocks that are worked on at the same time.
        package var mostJobs = 64
        /// Bytes that one store is made to read and write at the same time.
        package var mostBytes: UInt64 = 64 << 20
        /// Blocks that wait, the most endangered ones that were found.
        package var mostQueued = 8192
        /// Blocks that are looked at, and listed, at once.
        package var page = 1024
        /// Changes in one record, and deletions in one request.
        package var batch = 512
        /// So long a change waits for others that go into the same record.
        package var commitDelay = Microseconds.milliseconds(50)
        /// After so long everything is looked at again.
        package var surveyInterval = Microseconds.seconds(3600)
        /// After so long what failed is tried again; longer when it fails again.
        package var retry = Microseconds.seconds(1)
        /// The shortest span of a generation. What writers take twice as long to put into a file they have to store again.
        package var generationSpan = Microseconds.seconds(60)
        /// The same while nodes are being left, who wait for two of them; longer than a writer waits for a store.
        package var leavingSpan = Microseconds.seconds(12)

        package init(copies: Int) { self.copies = copies }
    }

    let options: Options
    /// Of the home.
    package let epoch: UInt64
    /// What a block of so many bytes of content takes on a store.
    let footprint: @Sendable (UInt32) -> UInt64
    var stores = StoreMap([])
    /// Those that know the last fence.
    var raised: Set<NodeID> = []
    /// How often it was not known what had become of a deletion, for each store.
    var terms: [NodeID: UInt64] = [:]
    var loads = SortedMap<NodeID, CopyLoad>()
    var steps: [UInt64: KeeperStep] = [:]
    private var lastStep: UInt64 = 0
    var durable: UInt64 = 0

    // Mending
    var jobs = SortedMap<BlockID, Mending>()
    /// With how long they are.
    var queue = SortedMap<Urgency, UInt32>()
    var queued: [BlockID: Urgency] = [:]
    var deferred = SortedMap<BlockID, Deferral>()
    var damage = SortedMap<BlockID, Set<NodeID>>()
    /// With how long they are.
    var unreachable = SortedMap<BlockID, UInt32>()
    /// How often blocks that wait were tried already.
    var retries: [BlockID: Int] = [:]
    /// Those whose work is done, but for the record.
    var ready: [BlockID] = []
    var readySince: Instant?
    var survey = Survey()

    // Deleting
    /// Copies that the metadata do not name any more, or do not name as yet, when the home has written what it was asked to.
    var removals: [Spot] = []
    /// Blocks to be looked at when the home has written what it was asked to.
    var rechecks: [BlockID] = []
    var condemned = SortedMap<NodeID, Condemned>()
    var sweeps = SortedMap<NodeID, Sweep>()
    var lastAdvance: Instant?
    /// The generation in which a store was first seen to be left.
    var leavingSince = SortedMap<NodeID, UInt64>()
    /// The record by which nothing was on a store that is left.
    var emptySince = SortedMap<NodeID, UInt64>()
    var evacuated: Set<NodeID> = []
    /// Of nodes that are left.
    package internal(set) var moved = SortedMap<NodeID, BlockCount>()

    var directives: [KeeperDirective] = []

    /// A keeper for a home that has begun and knows all that its sessions have told it again.
    ///
    /// - Parameters:
    ///   - epoch: of the home, which no other one had.
    ///   - footprint: what a block of so many bytes of content takes on a store.
    package init(_ options: Options, epoch: UInt64, footprint: @escaping @Sendable (UInt32) -> UInt64) {
        (self.options, self.epoch, self.footprint) = (options, epoch, footprint)
    }

    /// - Parameter state: as the home has it now, with all records that were asked for before.
    package mutating func handle(
        _ event: KeeperEvent, _ state: some VolumeState, at now: Instant, using random: inout some RandomNumberGenerator
    ) -> [KeeperDirective] {
        judgeRemovals(state)
        switch event {
        case .stores(let conditions): meet(conditions, state, at: now)
        case .damaged(let block, let node): mark(block, on: node, state)
        case .written(let blocks): for block in blocks { enqueue(block, state) }
        case .answered(let step, let answer): take(answer, to: step, state, at: now)
        case .durable(let index): learn(durable: index)
        case .tick: break
        }
        goOn(state, at: now, using: &random)
        defer { directives = [] }
        return directives
    }

    /// All records up to this one are durable. What can be done because of it is done with the next event.
    package mutating func learn(durable index: UInt64) { durable = max(durable, index) }

    private mutating func goOn(
        _ state: some VolumeState, at now: Instant, using random: inout some RandomNumberGenerator
    ) {
        raiseFences(at: now)
        lookAround(state, at: now)
        startJobs(state, at: now, using: &random)
        commit(state, at: now)
        buryDead(state)
        delete(state, at: now)
        finishEvacuations(state, at: now)
        sweep(at: now)
        wake(at: now)
    }

    mutating func ask(_ request: StoreRequest, _ step: KeeperStep) {
        lastStep += 1
        steps[lastStep] = step
        directives.append(.ask(step: lastStep, request))
    }

    private mutating func meet(_ conditions: [StoreCondition], _ state: some VolumeState, at now: Instant) {
        let before = stores
        stores = StoreMap(conditions)
        let isChanged =
            before.stores.keys != stores.stores.keys
            || zip(before.stores.values, stores.stores.values).contains { $0.phase != $1.phase }
        if isChanged {
            // What could not be done may be possible now.
            (deferred, retries) = (SortedMap(), [:])
            survey.restart()
        }
        for condition in stores.stores.values {
            let node = condition.node
            if condition.phase != .lost, before.phase(of: node) == .lost {
                sweeps[node] = Sweep(due: now)
                loads[node]?.silence.succeed()
            }
            if condition.phase == .leaving {
                leavingSince[node] = leavingSince[node] ?? state.header.generation
            } else {
                leavingSince[node] = nil
                evacuated.remove(node)
            }
        }
        for gone in sweeps.keys where stores.stores[gone] == nil {
            (sweeps[gone], condemned[gone], leavingSince[gone], emptySince[gone]) = (nil, nil, nil, nil)
            raised.remove(gone)
        }
    }

    /// The one that a store is to know now.
    package func fence(on node: NodeID) -> BlockFence { BlockFence(epoch: epoch, term: terms[node] ?? 0) }

    private mutating func raiseFences(at now: Instant) {
        #if Defects
            if VolumeDefect.active == .epochNotRaised { return }
        #endif
        for store in stores.stores.values where store.phase != .lost && !raised.contains(store.node) {
            let isAsked = steps.values.contains { $0 == .raise(store.node) }
            guard !isAsked, !isSilent(store.node, at: now) else { continue }
            ask(.raise(on: store.node, fence(on: store.node)), .raise(store.node))
        }
    }

    private mutating func take(_ answer: StoreAnswer, to number: UInt64, _ state: some VolumeState, at now: Instant) {
        guard let step = steps.removeValue(forKey: number) else { return }
        let span = options.retry
        if case .failed(let node) = answer { load(node) { $0.silence.fail(at: now, span) } }
        for node in step.nodes where answer != .failed(node) { loads[node]?.silence.succeed() }
        switch step {
        case .raise(let node): if answer == .done { raised.insert(node) }
        case .copy(let block, let from, let to): copied(block, from: from, to: to, answer, state, at: now)
        case .verify(let block, let node): verified(block, on: node, answer, state, at: now)
        case .delete(let blocks, let node): deleted(blocks, on: node, answer, at: now)
        case .list(let node): listed(on: node, answer, state, at: now)
        }
    }

    private mutating func wake(at now: Instant) {
        if survey.isUnderway { return directives.append(.wake(at: now)) }
        let times = [
            deferred.values.map(\.until).min(), readySince.map { $0 + options.commitDelay },
            survey.ended.map { $0 + options.surveyInterval },
            loads.values.flatMap { [$0.silence.until, $0.fullness.until] }.compactMap { $0 }.filter { $0 > now }.min(),
            sweeps.values.map(\.due).filter { $0 > now }.min(),
            nextAdvance,
            queue.isEmpty ? nil : now + options.retry,
        ]
        if let next = times.compactMap({ $0 }).min() { directives.append(.wake(at: next)) }
    }
}

/// What a step was for.
enum KeeperStep: Hashable, Sendable {
    case raise(NodeID)
    case copy(BlockID, from: NodeID, to: NodeID)
    case verify(BlockID, on: NodeID)
    case delete([BlockID], on: NodeID)
    case list(NodeID)

    var nodes: [NodeID] {
        switch self {
        case .raise(let node), .verify(_, let node), .delete(_, let node), .list(let node): [node]
        // The target may not have been asked when the source failed.
        case .copy(_, let from, _): [from]
        }
    }
}

/// A copy, by where it is.
struct Spot: Hashable, Sendable {
    let block: BlockID
    let node: NodeID
}
