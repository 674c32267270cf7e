import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

/// Real nodes in one process. Messages wait on the wire until they are delivered, records are kept in memory, and time
/// stands until it is moved.
struct Pool {
    struct Member {
        let id: NodeID
        var node: Node
        var store = MemoryStore()
        var random: SeededGenerator
        var guests = SortedMap<LeaseID, Amounts>()
        var usage = SortedMap<LeaseID, Usage>()
        /// What is set aside on the disk.
        var stores = SortedMap<LeaseID, Bytes>()
        /// Whether nothing has to be moved elsewhere when a lease of disk ends.
        var closesStores = true
        /// Whether there is room on the disk when it is asked for.
        var opensStores = true
        /// Whether the warden sets resources aside when asked to.
        var opensGuests = true
        var decisions: [RequestID: Result<[LeaseID], Refusal>] = [:]
        var renewals: [Refusal?] = []
        var adjustments: [Refusal?] = []
        /// What was decided of what people wanted of disputes.
        var disputeDecisions: [Refusal?] = []
        /// What was told of searches for cycles.
        var news: [NettingNews] = []
        /// What was told of comparisons of ledgers.
        var comparisons: [ReconciliationNews] = []
        var wake: Instant?
    }

    struct Envelope {
        let from: Int
        let to: Int
        let message: TradeMessage
    }

    /// Where an agent dies while it carries out a decision.
    enum Crash: Hashable {
        case beforeCommit
        /// Its records are durable; so many of its actions were done.
        case afterCommit(actions: Int)
    }

    static let capacity = Amounts(cpu: .cores(8), memory: .gibibytes(16), disk: .gibibytes(100))

    /// Lends 6 cores at a credit per core-hour.
    static func policy(notice: NoticeClass = .standard, credit: CreditRule = CreditRule()) -> LendingPolicy {
        LendingPolicy(
            name: "test", cpu: ResourceRule(threshold: .percent(100), share: .percent(75), price: .credits(1)),
            longestTerm: .minutes(15), notices: .only(notice), maximumLeases: 16, credit: credit)
    }

    private(set) var clock = ManualClock()
    var members: [Member] = []
    var wire: [Envelope] = []
    /// Messages that are lost on their way; none unless set.
    var isLost: (Envelope) -> Bool = { _ in false }
    /// Strikes at the outcome of this number, counted over all nodes.
    var crash: (outcome: Int, at: Crash)?
    private(set) var outcomes = 0
    private var requests: UInt64 = 0

    init(_ count: Int = 2, policy: LendingPolicy = Pool.policy()) {
        for index in 0..<count {
            let id = NodeID(high: 1 << 32, low: UInt64(index + 1))
            let node = Node(
                id: id, capacity: Self.capacity, policy: policy, restoring: Snapshot(books: BooksSnapshot()), at: clock.now)
            members.append(Member(id: id, node: node, random: SeededGenerator(seed: UInt64(index + 1))))
        }
        for index in members.indices { feed(.lending(nil), to: index) }
    }

    var now: Moment { clock.now }
    func index(of id: NodeID) -> Int? { members.firstIndex { $0.id == id } }
    func notary(_ index: Int) -> PlainNotary { PlainNotary(node: members[index].id) }

    // MARK: Events

    mutating func feed(_ event: NodeEvent, to index: Int) {
        var member = members[index]
        let outcome = member.node.handle(event, at: now, random: &member.random, notary: notary(index))
        members[index] = member
        carryOut(outcome, index)
    }

    /// Stops an agent and starts it again from what was recorded, under another policy where one is given.
    mutating func restart(_ index: Int, under policy: LendingPolicy? = nil) {
        var member = members[index]
        member.node = Node(
            id: member.id, capacity: Self.capacity, policy: policy ?? member.node.policy, restoring: member.store.snapshot,
            at: now)
        let outcome = member.node.resume(at: now, random: &member.random, notary: notary(index))
        members[index] = member
        carryOut(outcome, index)
        feed(.lending(nil), to: index)
    }

    private mutating func carryOut(_ outcome: Outcome, _ index: Int) {
        outcomes += 1
        members[index].wake = outcome.wake
        let crash = crash?.outcome == outcomes ? crash?.at : nil
        if crash == .beforeCommit { return restart(index) }
        #expect(throws: Never.self) { try members[index].store.commit(outcome.records, at: now) }
        if case .afterCommit(let actions) = crash {
            for action in outcome.actions.prefix(actions) { _ = perform(action, index) }
            return restart(index)
        }
        let answers = outcome.actions.compactMap { perform($0, index) }
        for answer in answers { feed(answer, to: index) }
    }

    /// Does what was decided; returns what the warden reports of it, if anything.
    private mutating func perform(_ action: NodeAction, _ index: Int) -> NodeEvent? {
        switch action {
        case .send(let peer, let message):
            if let to = self.index(of: peer) { wire.append(Envelope(from: index, to: to, message: message)) }
        case .openGuest(let lease, let amounts, _):
            guard members[index].opensGuests else { return .guestFailed(lease, reason: "no room in the kernel") }
            members[index].guests[lease] = amounts
            return .guestOpened(lease)
        case .changeGuest(let lease, let amounts, _): members[index].guests[lease] = amounts
        case .closeGuest(let lease):
            members[index].guests[lease] = nil
            let usage = members[index].usage[lease]
            return .guestClosed(lease, usage.map { MeterReading(lease: lease, usage: $0) })
        case .openStore(let lease, let size, _):
            guard members[index].opensStores else { return .storeFailed(lease, reason: "the disk is full") }
            members[index].stores[lease] = size
            return .storeOpened(lease)
        case .closeStore(let lease):
            guard members[index].closesStores || members[index].stores[lease] == nil else { return nil }
            members[index].stores[lease] = nil
            return .storeClosed(lease)
        case .decided(let request, let result): members[index].decisions[request] = result
        case .renewed(_, let refusal): members[index].renewals.append(refusal)
        case .adjusted(_, let refusal): members[index].adjustments.append(refusal)
        case .disputeDecided(_, let refusal): members[index].disputeDecisions.append(refusal)
        case .changed: break
        case .netting(_, let news): members[index].news.append(news)
        case .readHistory(let id, let query): return .history(id, members[index].store.history(query, notary(index)))
        case .recall(let recall): return .recalled(recall, members[index].store.recall(recall.subject))
        case .reconciliation(_, let news): members[index].comparisons.append(news)
        }
        return nil
    }

    // MARK: The wire and the clock

    /// Delivers the oldest message that `matches`, all others stay.
    @discardableResult
    mutating func deliverFirst(where matches: (TradeMessage) -> Bool = { _ in true }) -> Bool {
        guard let place = wire.firstIndex(where: { matches($0.message) }) else { return false }
        let envelope = wire.remove(at: place)
        if !isLost(envelope) { feed(.message(from: members[envelope.from].id, envelope.message), to: envelope.to) }
        return true
    }

    /// Delivers until nothing is under way.
    mutating func deliver() {
        var rounds = 0
        while deliverFirst() {
            rounds += 1
            guard rounds < 10_000 else {
                Issue.record("messages never cease")
                return
            }
        }
    }

    /// Lets time pass; nodes are woken when they asked for it and messages arrive at once.
    mutating func advance(by span: Microseconds) {
        let end = now.instant + span
        deliver()
        while let wake = members.compactMap(\.wake).min(), wake <= end {
            // A timer that is due and stays due would hold up time.
            clock.advance(to: max(wake, now.instant + 1000))
            for index in members.indices where members[index].wake.map({ $0 <= now.instant }) == true { feed(.tick, to: index) }
            deliver()
        }
        clock.advance(to: end)
        for index in members.indices { feed(.tick, to: index) }
        deliver()
    }

    /// Lets time pass without anything happening in it.
    mutating func stand(for span: Microseconds) { clock.advance(by: span) }

    /// Sets civil time.
    mutating func setClock(forwardBy span: Microseconds) { clock.setUTC(forwardBy: span) }

    /// All machines go down and come up again.
    mutating func reboot(taking span: Microseconds) {
        clock.reboot(taking: span)
        for index in members.indices { restart(index) }
    }

    // MARK: People

    static func want(
        cores: Int64 = 1, term: Microseconds = .minutes(10), renewsItself: Bool = false, start: Timestamp? = nil, nodes: Int = 1
    ) -> Want {
        Want(
            amounts: Amounts(cpu: .cores(cores)), term: term, maxPrices: Prices(cpu: .credits(2), memory: .credits(1)),
            user: "ana", renewsItself: renewsItself, start: start, nodes: nodes)
    }

    /// Node 0 asks all others, or some of them; nothing is delivered yet.
    @discardableResult
    mutating func ask(from peers: [Int]? = nil, _ want: Want = Pool.want()) -> RequestID {
        requests += 1
        let id = RequestID(high: 1 << 40, low: requests)
        feed(.borrow(id, want, from: (peers ?? Array(members.indices)).map { members[$0].id }), to: 0)
        return id
    }

    /// Node 0 borrows, and everything is delivered.
    mutating func borrow(_ want: Want = Pool.want()) throws -> LeaseID {
        let request = ask(want)
        deliver()
        let leases = try #require(members[0].decisions[request]).get()
        return try #require(leases.first)
    }

    /// Node 1's guest of the lease has used this much by now.
    mutating func use(_ lease: LeaseID, cpu: CoreMicroseconds) {
        members[1].usage[lease] = Usage(cpu: cpu)
        feed(.readings(owner: .zero, guests: [MeterReading(lease: lease, usage: Usage(cpu: cpu))]), to: 1)
    }

    /// Node 1 reads what its owner uses, every minute for a while. Nobody else does anything meanwhile but what is due.
    mutating func watchOwner(_ cpu: Millicores = .zero, for span: Microseconds) {
        for _ in 0..<max(0, span.rawValue / Microseconds.minutes(1).rawValue) {
            advance(by: .minutes(1))
            feed(.readings(owner: Amounts(cpu: cpu), guests: []), to: 1)
        }
    }

    // MARK: Looking

    func lease(_ id: LeaseID, _ index: Int) -> Lease? { members[index].node.leases[id]?.lease }

    /// What `index` is owed by `peer`, negative where it owes.
    func balance(_ index: Int, with peer: Int) -> Microcredits {
        members[index].node.books.balance(of: .peer(members[peer].id)).net
    }

    /// Nothing is open, reserved or running, and what one owes the other is owed.
    func expectRest(sourceLocation: SourceLocation = #_sourceLocation) {
        for (index, member) in members.enumerated() {
            #expect(member.node.leases.values.allSatisfy { $0.lease.state == .settled }, sourceLocation: sourceLocation)
            #expect(member.node.requests.isEmpty, sourceLocation: sourceLocation)
            #expect(member.node.books.reservations.isEmpty, sourceLocation: sourceLocation)
            #expect(member.node.committed == .zero, sourceLocation: sourceLocation)
            #expect(member.guests.isEmpty && member.stores.isEmpty, sourceLocation: sourceLocation)
            for peer in members.indices where peer > index {
                #expect(balance(index, with: peer) + balance(peer, with: index) == .zero, sourceLocation: sourceLocation)
            }
        }
    }
}

extension TradeMessage {
    var isAccept: Bool { if case .accept = self { true } else { false } }
    var isAnswer: Bool { if case .answer = self { true } else { false } }
    var isPropose: Bool { if case .propose = self { true } else { false } }
    var isCommitted: Bool { if case .committed = self { true } else { false } }
    var isReceipt: Bool { if case .receipt = self { true } else { false } }
    var isReceiptAnswer: Bool { if case .receiptAnswer = self { true } else { false } }
    var isWithdraw: Bool { if case .withdraw = self { true } else { false } }
    var isRenewed: Bool { if case .renewed = self { true } else { false } }
}
