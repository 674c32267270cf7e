import Bookkeeping
import LedgerStore
import Logging
import Node
import Policy
import Resources
import Synchronization
import Trading

/// Runs the node's decision code against the real clock and the ledger on disk.
///
/// Events are decided one after the other under a lock; the records of each decision are queued in the same order, and its
/// actions are performed, in order, once they are durable. When a commit fails, be it the node's or another's, nothing that
/// rests on it is performed: the node is made anew from what was written, as after a crash.
final class Engine: Sendable {
    /// What performs actions; called on the ledger's writer thread, so it must not block.
    typealias Perform = @Sendable (NodeAction) -> Void

    private struct State {
        var node: Node
        var random: SeededGenerator
        /// Counts restorations, so that what rests on a failed commit is dropped.
        var life = 0
        var isFailed = false
    }

    let store: LedgerStore
    let notary: any Notary
    private let clock: @Sendable () -> Moment
    private let perform: Perform
    private let alarm: Alarm
    private let state: Mutex<State>
    private let feed = ChangeFeed()
    private let log: Logger
    /// Ends with what the ledger cannot recover from.
    private let ledgerLoss: AsyncThrowingStream<Never, any Error>
    private let ledgerLost: AsyncThrowingStream<Never, any Error>.Continuation

    init(
        id: NodeID, capacity: Amounts, policy: LendingPolicy, store: LedgerStore, notary: any Notary,
        clock: @escaping @Sendable () -> Moment, log: Logger, perform: @escaping Perform
    ) throws {
        self.store = store
        self.notary = notary
        self.clock = clock
        self.perform = perform
        self.log = log
        alarm = Alarm(clock: clock)
        (ledgerLoss, ledgerLost) = AsyncThrowingStream.makeStream()
        let (snapshot, faults) = try store.snapshot(at: clock().utc)
        let node = Node(id: id, capacity: capacity, policy: policy, restoring: snapshot, at: clock())
        var system = SystemRandomNumberGenerator()
        state = Mutex(State(node: node, random: SeededGenerator(seed: system.next())))
        tell(unread: faults)
    }

    /// Brings the kernel and the peers in line with what was restored, then keeps the time until cancelled.
    ///
    /// - Throws: ``LedgerStoreError`` once the ledger has closed itself: only a new start can open it again.
    func run() async throws {
        let outages = store.outages()
        decide { node, now, random, notary in node.resume(at: now, random: &random, notary: notary) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.alarm.run { [weak self] in self?.handle(.tick) } }
            group.addTask { for try await _ in self.ledgerLoss {} }
            group.addTask { for await error in outages { self.lose(error) } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Decides about an event. What follows happens once it is durable.
    func handle(_ event: NodeEvent) {
        decide { node, now, random, notary in node.handle(event, at: now, random: &random, notary: notary) }
    }

    /// Looks at the node as it is decided now, durable or not.
    func read<Value: Sendable>(_ body: (Node) -> Value) -> Value { state.withLock { body($0.node) } }

    var now: Moment { clock() }

    /// Adds records of the shell itself, such as a job's, in their place among the node's.
    func commit(_ records: [Record]) async throws { try await store.commit(records) }

    /// Tells a story that is not part of a decision. Lost if the disk is.
    func tell(_ event: Event) { store.commit([.event(event)]) { _ in } }

    /// Says which payments of borrow rules are not known, for a budget may be spent twice then.
    private func tell(unread faults: [String]) {
        for fault in faults {
            let text =
                "what borrow rules have paid there counts against no budget until it can be read and the agent is restarted"
            log.warning("a ledger file cannot be read", metadata: ["error": "\(fault)", "consequence": "\(text)"])
            tell(Event(at: clock().utc, kind: "ledger.unread", subjects: [], text: "\(fault): \(text)"))
        }
    }

    /// Announces until cancelled that decisions have taken effect; the first value comes at once.
    func announcements() -> AsyncStream<Void> { feed.announcements() }

    private func decide(_ body: (inout Node, Moment, inout SeededGenerator, any Notary) -> Outcome) {
        state.withLock { state in
            guard !state.isFailed else { return }
            let outcome = body(&state.node, clock(), &state.random, notary)
            queue(outcome, life: state.life)
        }
    }

    /// Hands an outcome to the ledger; to be called under the lock, which keeps the order of the decisions.
    private func queue(_ outcome: Outcome, life: Int) {
        alarm.set(outcome.wake)
        guard !outcome.records.isEmpty || !outcome.actions.isEmpty else { return }
        // Also what has nothing to record waits its turn: it may speak of what is still on its way to the disk.
        store.commit(outcome.records) { [weak self] result in self?.committed(outcome.actions, life: life, result) }
    }

    private func committed(_ actions: [NodeAction], life: Int, _ result: Result<Void, LedgerStoreError>) {
        switch result {
        case .success:
            for action in actions { perform(action) }
            feed.notify()
        case .failure(let error): lose(error, life: life)
        }
    }

    // MARK: Failed commits

    /// Decides nothing more until the node was made anew.
    ///
    /// - Parameter life: the one that the failed commit belongs to; `nil` for the present one.
    private func lose(_ error: LedgerStoreError, life: Int? = nil) {
        let isFirst = state.withLock { state in
            guard life.map({ $0 == state.life }) ?? true, !state.isFailed else { return false }
            state.isFailed = true
            return true
        }
        guard isFirst, !isFinal(error) else { return }
        log.error("failed to write the ledger: \(error); nothing is decided until it can be written again")
        Task { [weak self] in
            var wait = Duration.milliseconds(100)
            while let self, !Task.isCancelled {
                await Task.rest(for: wait)
                do throws(LedgerStoreError) {
                    try await self.probe()
                    try self.restore()
                    self.feed.notify()
                    return self.log.notice("the ledger can be written again")
                } catch {
                    if self.isFinal(error) { return }
                }
                wait = min(wait * 2, .seconds(10))
            }
        }
    }

    /// Whether the ledger will never be written again here; ends ``run()`` unless it was closed on purpose.
    private func isFinal(_ error: LedgerStoreError) -> Bool {
        switch error {
        case .closed: return true
        case .abandoned:
            ledgerLost.finish(throwing: error)
            return true
        default: return false
        }
    }

    /// Finds out whether the disk takes records again; when it does, all that was queued before is written.
    private func probe() async throws(LedgerStoreError) {
        store.resume()
        try await store.commit([
            .event(Event(at: now.utc, kind: "ledger.restored", subjects: [], text: "the ledger can be written again"))
        ])
    }

    /// Makes the node anew from what is durable.
    private func restore() throws(LedgerStoreError) {
        try state.withLock { state throws(LedgerStoreError) in
            let (snapshot, _) = try store.snapshot(at: clock().utc)
            let now = clock()
            state.node = state.node.restored(from: snapshot, at: now)
            state.life += 1
            state.isFailed = false
            queue(state.node.resume(at: now, random: &state.random, notary: notary), life: state.life)
        }
    }

    /// Whether the ledger cannot be written at present.
    var isFailed: Bool { state.withLock { $0.isFailed } }
}

extension LedgerStore {
    /// What a node restores itself from, and why some payments of borrow rules may be missing in it.
    func snapshot(at now: Timestamp) throws(LedgerStoreError) -> (Snapshot, faults: [String]) {
        let leases = try states(.lease, as: LeaseEntry.self)
        let moved = try state(.setting, id: MovedPayments.key, as: MovedPayments.self)
        let (payments, faults) = try payments(byRulesFor: leases, after: moved?.through ?? 0, at: now)
        let snapshot = Snapshot(
            books: try booksSnapshot(), holds: try states(.hold, as: Hold.self),
            requests: try states(.request, as: RequestEntry.self),
            leases: leases.filter(\.isLive),
            refused: try states(.refusal, as: RefusedAgreement.self),
            obligations: try obligations(settledSince: now + -Timing.receiptPatience),
            swaps: try states(.swap, as: SwapEntry.self),
            disputes: try disputes(resolvedSince: now + -Dispute.longestMemory),
            honour: try state(.setting, id: HonourRecord.key, as: HonourRecord.self),
            pause: try state(.setting, id: Pause.key, as: Pause.self),
            foresight: try state(.setting, id: ForesightMemory.key, as: ForesightMemory.self),
            nettings: try states(.netting, as: NettingEntry.self),
            nettingRecord: try state(.setting, id: NettingRecord.key, as: NettingRecord.self),
            decays: try states(.decay, as: DecayEntry.self),
            acquisitions: try state(.setting, id: AcquisitionMemory.key, as: AcquisitionMemory.self),
            payments: (moved?.payments ?? []) + payments,
            reconciliations: try states(.reconciliation, as: PeerReconciliation.self))
        return (snapshot, faults)
    }

    /// Keeps in mind what leases of borrow rules have cost in files that are about to be moved away.
    ///
    /// - Parameter segment: the last of them.
    /// - Throws: ``LedgerStoreError`` where one of them cannot be read.
    func rememberPayments(through segment: Int, at now: Timestamp) async throws(LedgerStoreError) {
        let moved = try state(.setting, id: MovedPayments.key, as: MovedPayments.self)
        guard segment > moved?.through ?? 0 else { return }
        let leases = try states(.lease, as: LeaseEntry.self)
        let (payments, faults) = try payments(byRulesFor: leases, after: moved?.through ?? 0, upTo: segment, at: now)
        if let fault = faults.first { throw .archive(fault, "what borrow rules have paid there must be read before it is moved") }
        guard moved != nil || !payments.isEmpty else { return }
        let kept = MovedPayments(through: segment, (moved?.payments ?? []) + payments, at: now)
        try await commit([.state(.setting, id: MovedPayments.key, kept)])
    }

    /// What leases of borrow rules have cost of late, as some of the ledger's files have it.
    private func payments(
        byRulesFor leases: [LeaseEntry], after first: Int, upTo last: Int = .max, at now: Timestamp
    ) throws(LedgerStoreError) -> ([RulePayment], faults: [String]) {
        let rules = Dictionary(leases.compactMap { entry in entry.lease.rule.map { (entry.id, $0) } }) { first, _ in first }
        let found = try payments(for: rules.keys.sorted(), since: now + -Spending.reach, after: first, upTo: last)
        let payments = found.transfers.compactMap { transfer in
            transfer.lease.flatMap { rules[$0] }.map { rule in
                RulePayment(rule: rule, amount: Microcredits(transfer.amount), at: transfer.at)
            }
        }
        return (payments, found.faults)
    }
}
