import Dispatch
import Resources
import Synchronization
import Volumes

/// The journal of a volume on one of several nodes: a ``JournalReplica`` over the ``SQLiteJournal`` of this node and messages to the
/// others.
///
/// To whoever keeps the volume's metadata it is a ``Journal`` like any other, whose records are durable when enough nodes have them
/// synced: nothing is read from it, and no state is committed, that another home may not know of. On the home it takes records; on a
/// backup they come from the home.
package final class ReplicatedJournal: Journal {
    /// Something for whoever keeps the volume on this node.
    package enum Event: Hashable, Sendable {
        /// All records up to this one are.
        case durable(through: UInt64)
        /// This node is the home, and all that is durable is here.
        case lead(epoch: UInt64)
        /// It is the home no more, or does not become it.
        case deposed(by: UInt64)
        case refused(TakeoverRefusal)
        /// The home is to write that record.
        case appoint(JournalMembership)
        /// A copy of the state is to be made and sent.
        case copyState(to: NodeID, epoch: UInt64)
        /// The copy of the state that came takes the place of state and journal, which take nothing any more.
        case restart(after: LogPosition)
        case failed(VolumeStoreError)
    }

    /// What it has to do with.
    package struct Surroundings: Sendable {
        let clock: @Sendable () -> Moment
        let post: @Sendable (JournalMessage, NodeID, @escaping @Sendable () -> Void) -> Void
        let tell: @Sendable (Event) -> Void

        /// - Parameters:
        ///   - post: sends a message and calls when it has arrived or will not. Must not block.
        ///   - tell: is told of each event, one at a time, on a queue of the journal; may block.
        package init(
            clock: @escaping @Sendable () -> Moment,
            post: @escaping @Sendable (JournalMessage, NodeID, @escaping @Sendable () -> Void) -> Void,
            tell: @escaping @Sendable (Event) -> Void
        ) {
            (self.clock, self.post, self.tell) = (clock, post, tell)
        }
    }

    struct State {
        var replica: JournalReplica
        var tail = RecordTail()
        var outboxes: [NodeID: JournalOutbox] = [:]
        /// Another one when records were dropped: what was about to be sent may not be so any more.
        var history = 0
        var waiting: [(index: UInt64, completion: JournalQueue.Completion)] = []
        /// Somebody waits for records up to this one, or they have waited long enough to be sent.
        var haste: UInt64 = 0
        var isLingering = false
        var failure: VolumeStoreError?
        var wake: Instant?
        var effects = Effects()
    }

    /// What is to be done when the state is free again.
    struct Effects {
        var events: [Event] = []
        var completions: [(JournalQueue.Completion, Result<Void, VolumeStoreError>)] = []
        var wake: Instant?
        /// Whether records that nobody waits for are to be sent after a while.
        var lingers = false
    }

    /// So long records wait for others that nobody waits for: one message and one sync of the disk are as dear for many as for one.
    package static let linger = DispatchTimeInterval.milliseconds(10)

    let local: SQLiteJournal
    private let linger: DispatchTimeInterval
    let surroundings: Surroundings
    let state: Mutex<State>
    private let events = DispatchQueue(label: "surplus.volume.journal")
    private let lingering = DispatchQueue(label: "surplus.volume.journal.lingering")
    private let reading = DispatchQueue(label: "surplus.volume.journal.reading")

    /// - Parameters:
    ///   - path: of the journal's file on this node.
    ///   - header: as the state has it that is committed; what is committed is durable.
    package init(
        path: String, volume: VolumeID, as node: NodeID, under header: VolumeHeader, _ options: JournalReplica.Options,
        _ surroundings: Surroundings, linger: DispatchTimeInterval = linger
    ) throws(VolumeStoreError) {
        let awakening = Awakening()
        local = try SQLiteJournal(path: path, volume: volume, linger: linger) { _ in awakening.call() }
        let log = try Self.log(of: local, node, header)
        state = Mutex(State(replica: JournalReplica(node, log, durable: header.applied, options)))
        (self.surroundings, self.linger) = (surroundings, linger)
        awakening.attach(self)
    }

    private static func log(of local: SQLiteJournal, _ node: NodeID, _ header: VolumeHeader) throws(VolumeStoreError)
        -> JournalLog
    {
        let standing = local.standing
        let start = LogPosition(index: standing.trimmed, epoch: try local.epoch(of: standing.trimmed) ?? LogPosition.start.epoch)
        let first = header.membership ?? JournalMembership(JournalSet(home: node, backups: []))
        var log = JournalLog(after: start, promised: standing.epoch, membership: first)
        while log.end.index < standing.last {
            for record in try local.records(after: log.end.index, limit: 1024) { log.append(record) }
        }
        return log.found()
    }

    /// Calls on a queue when more is synced: the thread that says so must not wait for the state.
    private final class Awakening: Sendable {
        private struct Target { weak var journal: ReplicatedJournal? }
        private let target = Mutex(Target())
        private let isUnderWay = Atomic(false)
        private let queue = DispatchQueue(label: "surplus.volume.journal.synced")

        func attach(_ journal: ReplicatedJournal) { target.withLock { $0.journal = journal } }

        func call() {
            guard !isUnderWay.exchange(true, ordering: .acquiringAndReleasing) else { return }
            queue.async { [self] in
                isUnderWay.store(false, ordering: .releasing)
                target.withLock { $0.journal }?.synced()
            }
        }
    }

    // MARK: What happens

    /// A message has come from another node. Blocks for what has to be remembered.
    package func receive(_ message: JournalMessage, from sender: NodeID) {
        act { state, now in carryOut(state.replica.receive(message, from: sender, at: now), &state) }
    }

    /// Takes over; what comes of it is told.
    ///
    /// - Parameters:
    ///   - backups: of the new home; `nil` for the other backups that there are.
    ///   - isContinuing: whether it is only to go on as the home, after this node began again.
    package func takeOver(backups: [NodeID]?, isContinuing: Bool = false) {
        let round = UInt64.random(in: .min ... .max)
        act { state, now in
            let directives = state.replica.takeOver(backups: backups, isContinuing: isContinuing, round: round, at: now)
            carryOut(directives, &state)
        }
    }

    /// Changes who the backups are, which takes a while.
    ///
    /// - Returns: whether this node is the home.
    package func change(backups: [NodeID]) -> Bool {
        act { state, now in
            guard let directives = state.replica.change(backups: backups, at: now) else { return false }
            carryOut(directives, &state)
            return true
        } ?? false
    }

    /// From these nodes nobody takes anything any more, for good.
    package func expel(_ nodes: Set<NodeID>) {
        act { state, now in carryOut(state.replica.expel(nodes, at: now), &state) }
    }

    /// Writes the record by which a node that takes over becomes the home; later the home does.
    package func appoint(_ membership: JournalMembership) {
        act { state, now in
            guard let epoch = state.replica.writingEpoch else { return }
            let time = FileTime(rawValue: surroundings.clock().utc.microseconds &* 1000)
            let record = Record(
                index: state.replica.log.end.index + 1, epoch: epoch, time: time, operation: .appoint(membership))
            state.haste = max(state.haste, record.index)
            carryOut(state.replica.append([record], at: now) ?? [], &state)
        }
    }

    /// A copy of the state was sent.
    package func sentCopy(_ copy: StateCopy, to node: NodeID) {
        act { state, _ in
            guard let epoch = state.replica.writingEpoch, let membership = copy.header.membership else { return }
            let message = JournalMessage.install(epoch: epoch, at: copy.position, membership: membership)
            state.outboxes[node, default: JournalOutbox()].add(message, through: nil)
        }
    }

    /// A copy of the state could not be made, or did not arrive.
    package func failedCopy(to node: NodeID) {
        act { state, now in carryOut(state.replica.didFailCopy(to: node, at: now), &state) }
    }

    /// Whether a node has a say in this journal, as far as is known.
    package func knows(_ node: NodeID) -> Bool { state.withLock { $0.replica.knows(node) } }

    private func synced() {
        // What is synced now, and not what was when it was told: some of that may have been dropped since.
        act { state, now in
            let durable = local.standing.durable
            state.tail.shorten(synced: durable)
            carryOut(state.replica.didSync(through: durable, at: now), &state)
        }
    }

    private func tick() {
        act { state, now in
            state.wake = nil
            carryOut(state.replica.tick(at: now), &state)
        }
    }

    // MARK: What is known

    package var replica: JournalReplica { state.withLock(\.replica) }

    /// Whether no other node can have begun to answer as the home.
    package var isInCharge: Bool {
        let now = surroundings.clock().instant
        return state.withLock { $0.failure == nil && $0.replica.isInCharge(at: now) }
    }

    // MARK: Acting

    @discardableResult
    func act<Value>(_ body: (inout State, Instant) -> Value) -> Value? {
        let now = surroundings.clock().instant
        let (value, effects, sends) = state.withLock { state -> (Value?, Effects, [(NodeID, JournalOutbox.Parcel, Int)]) in
            guard state.failure == nil else { return (nil, Effects(), []) }
            let value = body(&state, now)
            let sends = Self.takeSends(&state)
            defer { state.effects = Effects() }
            return (value, state.effects, sends)
        }
        perform(effects)
        for (node, parcel, history) in sends { ship(parcel, to: node, of: history) }
        return value
    }

    private func perform(_ effects: Effects) {
        for (completion, result) in effects.completions { completion(result) }
        if !effects.events.isEmpty {
            events.async { [surroundings] in for event in effects.events { surroundings.tell(event) } }
        }
        if effects.lingers {
            lingering.asyncAfter(deadline: .now() + linger) { [weak self] in self?.sendLingering() }
        }
        if let wake = effects.wake {
            let delay = max(0, (wake - surroundings.clock().instant).rawValue)
            events.asyncAfter(deadline: .now() + .microseconds(Int(delay))) { [weak self] in self?.tick() }
        }
    }

    // MARK: Sending

    /// Records that nobody waits for have waited long enough for others.
    private func sendLingering() {
        act { state, _ in
            state.isLingering = false
            state.haste = max(state.haste, state.replica.log.end.index)
        }
    }

    private static func takeSends(_ state: inout State) -> [(NodeID, JournalOutbox.Parcel, Int)] {
        if !state.isLingering, state.outboxes.values.contains(where: { $0.isLingering(after: state.haste) }) {
            (state.isLingering, state.effects.lingers) = (true, true)
        }
        return state.outboxes.keys.sorted().compactMap { node in
            guard state.outboxes[node]?.isSending == false, let parcel = state.outboxes[node]?.next(haste: state.haste) else {
                return nil
            }
            state.outboxes[node]?.isSending = true
            return (node, parcel, state.history)
        }
    }

    private func ship(_ parcel: JournalOutbox.Parcel, to node: NodeID, of history: Int) {
        guard let through = parcel.through, let start = parcel.message.start, start < through else {
            return post([parcel.message][...], to: node)
        }
        let records = state.withLock { $0.history == history ? $0.tail.records(after: start, through: through) : [] }
        if let records {
            return records.isEmpty ? sendNext(to: node) : post(parcel.message.parts(with: records)[...], to: node)
        }
        reading.async { [self] in
            let records = (try? local.records(after: start, limit: Int(through - start))) ?? []
            let isCurrent = state.withLock { $0.history == history }
            guard isCurrent, !records.isEmpty else { return sendNext(to: node) }
            post(parcel.message.parts(with: records)[...], to: node)
        }
    }

    private func post(_ messages: ArraySlice<JournalMessage>, to node: NodeID) {
        guard let first = messages.first else { return sendNext(to: node) }
        surroundings.post(first, node) { [weak self] in self?.post(messages.dropFirst(), to: node) }
    }

    private func sendNext(to node: NodeID) { act { state, _ in state.outboxes[node]?.isSending = false } }

    // MARK: End

    /// Writes what was taken, then closes the file. Not to be called from where events are told.
    package func close() {
        act { state, _ in fail(.closed, &state) }
        local.close()
    }

    func fail(_ error: VolumeStoreError, _ state: inout State) {
        state.failure = state.failure ?? error
        state.outboxes = [:]
        state.effects.completions += state.waiting.map { ($0.completion, .failure(error)) }
        state.waiting = []
        if error != .closed { state.effects.events.append(.failed(error)) }
    }
}
