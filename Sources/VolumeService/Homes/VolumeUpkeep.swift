internal import BlockClient
internal import BlockStore
internal import Dispatch
internal import Resources
internal import Synchronization
internal import VolumeStore
internal import Volumes

/// Has a keeper look after the blocks of a volume as long as this node is its home, and finds out how its stores are.
final class VolumeUpkeep: Sendable {
    private struct State {
        var keeper: Keeper
        var server: HomeServer<SQLiteState>?
        /// Told when the home has all its sessions again.
        var waiting = KeeperEvents()
        /// Whether somebody tells them.
        var isTelling = false
        /// Records up to this one are; the keeper learns it when it is told something else.
        var durable: UInt64 = 0
        var wake: Instant?
        var survey: StoreSurvey
        var rate = MendingRate()
        /// When there was no room for a copy, and when that was told.
        var unplaced: Instant?
        var toldLack: Instant?
        /// Who is told where blocks can be. They hold on to this, so it is let go in the end.
        var spread: @Sendable ([StorePlace]) -> Void = { _ in }
        var isOver = false
    }

    /// So often it is told that there is no room, as long as there is none.
    private static let tellingInterval = Microseconds.hours(1)

    private let volume: VolumeID
    private let name: String
    private let surroundings: HomesSurroundings
    private let errands: StoreErrands
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "surplus.volume.upkeep")

    init(
        _ volume: VolumeID, _ traits: VolumeTraits, epoch: UInt64, _ options: HomesOptions,
        _ surroundings: HomesSurroundings, _ pools: NodePools
    ) {
        (self.volume, name, self.surroundings) = (volume, traits.name, surroundings)
        errands = StoreErrands(volume: volume, pools: pools)
        var keeping = options.keeper
        keeping.copies = traits.copies
        let keeper = Keeper(keeping, epoch: epoch) { Self.footprint($0) }
        let survey = StoreSurvey(patience: options.storePatience, clock: surroundings.clock)
        state = Mutex(State(keeper: keeper, survey: survey))
    }

    /// What a block takes on a store: encrypting it adds 16 bytes for each 16 KiB.
    private static func footprint(_ length: UInt32) -> UInt64 {
        let stored = Int(length) + (Int(length) + (16 << 10) - 1) / (16 << 10) * 16
        return UInt64(clamping: BlockStore.footprint(stored).rawValue)
    }

    /// - Parameter spread: is told where blocks can be, whenever that is known anew.
    func begin(with server: HomeServer<SQLiteState>, spread: @escaping @Sendable ([StorePlace]) -> Void) {
        state.withLock { state in if !state.isOver { (state.server, state.spread) = (server, spread) } }
        handle(.tick)
    }

    /// Nothing is looked after any more, and nothing that comes yet is heeded.
    func end() {
        let last = state.withLock { state in
            defer { (state.isOver, state.server, state.spread, state.waiting) = (true, nil, { _ in }, KeeperEvents()) }
            return (state.server, state.spread)
        }
        // What goes with them may want the state.
        withExtendedLifetime(last) {}
    }

    // MARK: What happens

    func becameDurable(_ record: UInt64) { state.withLock { $0.durable = max($0.durable, record) } }
    func heard(of block: BlockID, on node: NodeID) { handle(.damaged(block, on: node)) }
    func lack(_ blocks: [BlockID]) { handle(.written(blocks)) }

    /// A node has no session any more: stores need not keep the room that it was granted.
    func free(_ node: NodeID) {
        GrantReturn(volume, on: state.withLock { $0.survey.places }.values.map(errands.peer)).begin(for: node)
    }

    /// These are the stores now; how they are is asked of them besides.
    func meet(_ places: [StorePlace]) {
        state.withLock { $0.survey.meet(places) }
        look()
    }

    /// A node is to be left, or is not any more.
    func leave(_ node: NodeID, _ isLeft: Bool) {
        state.withLock { $0.survey.leave(node, isLeft) }
        look()
    }

    /// About once a second.
    func tick() {
        look()
        state.withLock { state in
            state.rate.note(state.keeper.standing, at: surroundings.clock().instant)
            for (node, count) in state.keeper.moved.pairs {
                state.rate.note(count.bytes, from: node, at: surroundings.clock().instant)
            }
        }
        handle(.tick)
    }

    // MARK: Stores

    /// Asks each store how it is.
    private func look() {
        let due = state.withLock { $0.isOver ? [] : $0.survey.due() }
        spreadPlaces()
        for place in due {
            errands.peer(place).start(.usage(volume)) { [weak self] result in
                guard let self else { return }
                state.withLock { $0.survey.told(place.node, try? result.get()) }
                spreadPlaces()
            }
        }
    }

    private func spreadPlaces() {
        let news = state.withLock { state in
            state.survey.news().map { ($0, state.spread) }
        }
        guard let (places, spread) = news else { return }
        handle(.stores(places.map(\.condition)))
        queue.async { spread(places) }
    }

    // MARK: The keeper

    private func handle(_ event: KeeperEvent) {
        let isIdle = state.withLock { state in
            guard !state.isOver else { return false }
            state.waiting.add(event)
            defer { state.isTelling = true }
            return !state.isTelling
        }
        if isIdle { queue.async { [weak self] in self?.goOn() } }
    }

    /// Tells the keeper what has happened; what waits while the home recovers is told at the next tick.
    private func goOn() {
        while let (event, server) = next() {
            let told = Told()
            let isAsked = server.attend { [self] metadata in decide(event, metadata, told) }
            guard isAsked else {
                state.withLock { $0.waiting.putBack(event) }
                return retry()
            }
            for directive in told.directives.withLock(\.self) { carryOut(directive) }
        }
    }

    private func next() -> (KeeperEvent, HomeServer<SQLiteState>)? {
        state.withLock { state in
            guard let server = state.server, let event = state.waiting.next() else {
                state.isTelling = false
                return nil
            }
            return (event, server)
        }
    }

    private final class Told: Sendable {
        let directives = Mutex<[KeeperDirective]>([])
    }

    private func decide(_ event: KeeperEvent, _ metadata: SQLiteState, _ told: Told) -> [Volumes.Operation] {
        let now = surroundings.clock().instant
        let directives = state.withLock { state in
            var random = SystemRandomNumberGenerator()
            // Not as an event of its own: what the keeper wants written because of one has to be so before the next.
            state.keeper.learn(durable: state.durable)
            return state.keeper.handle(event, metadata, at: now, using: &random)
        }
        told.directives.withLock { $0 = directives }
        return directives.compactMap { if case .write(let operation) = $0 { operation } else { nil } }
    }

    private func retry() {
        queue.asyncAfter(deadline: .now() + .milliseconds(200)) { [weak self] in self?.goOn() }
    }

    private func carryOut(_ directive: KeeperDirective) {
        switch directive {
        case .write: break
        case .ask(let step, let request):
            let places = state.withLock { $0.survey.places }
            errands.carryOut(request, places) { [weak self] answer in self?.handle(.answered(step: step, answer)) }
        case .report(let notice):
            let isNews = if case .noRoom = notice { noteLackOfRoom() } else { true }
            if isNews { surroundings.report(volume, name, .blocks(notice)) }
        case .wake(let instant): plan(instant)
        }
    }

    /// It is the same for every block: it is told once, and again after some time.
    private func noteLackOfRoom() -> Bool {
        let now = surroundings.clock().instant
        return state.withLock { state in
            state.unplaced = now
            let isNews = state.toldLack.map { now - $0 >= Self.tellingInterval } ?? true
            if isNews { state.toldLack = now }
            return isNews
        }
    }

    private func plan(_ instant: Instant) {
        let isSooner = state.withLock { state in
            guard state.wake.map({ instant < $0 }) ?? true else { return false }
            state.wake = instant
            return true
        }
        guard isSooner else { return }
        let delay = max(0, (instant - surroundings.clock().instant).rawValue)
        queue.asyncAfter(deadline: .now() + .microseconds(Int(delay))) { [weak self] in
            guard let self else { return }
            state.withLock { if $0.wake == instant { $0.wake = nil } }
            handle(.tick)
        }
    }

    /// Lets nodes use the volume on a store.
    ///
    /// - Parameter heirs: those among them that may take it over.
    func admit(_ nodes: [NodeID], _ heirs: [NodeID], on place: StorePlace, done: @escaping @Sendable (Bool) -> Void) {
        let epoch = fence(on: place.node).rawValue
        errands.peer(place).start(.admit(nodes, heirs: heirs, epoch: epoch, to: volume)) { result in
            if case .success = result { done(true) } else { done(false) }
        }
    }

    /// Has all stores delete all blocks. Those that are not heard of are not asked.
    ///
    /// - Returns: those that did not say that they have, with the fence under which they can be asked again.
    func drop() async -> [NodeID: BlockFence] {
        let places = state.withLock { $0.survey.places.values }
        end()
        return await withTaskGroup(of: (NodeID, BlockFence)?.self) { group in
            for place in places {
                group.addTask { [errands, fence = fence(on: place.node)] in
                    let isDone = place.condition.phase == .lost ? false : await errands.drop(place, fence)
                    return isDone ? nil : (place.node, fence)
                }
            }
            return await group.reduce(into: [:]) { owing, answer in if let answer { owing[answer.0] = answer.1 } }
        }
    }

    // MARK: What is known

    /// As a store knows this home now.
    func fence(on node: NodeID) -> BlockFence { state.withLock { $0.keeper.fence(on: node) } }

    var report: UpkeepReport {
        let now = surroundings.clock().instant
        return state.withLock { state in
            let standing = state.keeper.standing
            let left = standing.underway + standing.waiting
            return UpkeepReport(
                standing: standing, stores: state.survey.seen,
                isOutOfRoom: state.unplaced.map { now - $0 < .seconds(30) } ?? false,
                mended: state.rate.done(besides: left), timeLeft: state.rate.timeLeft(for: left))
        }
    }

    /// What it takes to leave a node; `nil` when the home cannot say now.
    func plan(leaving node: NodeID) -> EvacuationPlan? {
        ask { keeper, metadata in keeper.plan(leaving: node, metadata) }
    }

    /// How far the evacuation of a node is.
    func progress(leaving node: NodeID) -> EvacuationProgress? {
        let rate = state.withLock { $0.rate.bytesPerSecond(from: node) }
        return ask { keeper, metadata in EvacuationProgress(of: node, keeper, metadata, rate: rate) }
    }

    /// Those that the metadata have on a node; `nil` when the home cannot say now.
    func blocks(on node: NodeID, after last: BlockID?, limit: Int) -> [Block]? {
        ask { _, metadata in metadata.blocks(on: node, after: last, limit: limit) }
    }

    private func ask<Value: Sendable>(_ body: @escaping @Sendable (Keeper, SQLiteState) -> Value) -> Value? {
        let (keeper, server) = state.withLock { ($0.keeper, $0.server) }
        let box = Answer<Value>()
        _ = server?.attend { metadata in
            box.value.withLock { $0 = body(keeper, metadata) }
            return []
        }
        return box.value.withLock(\.self)
    }

    private final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}
