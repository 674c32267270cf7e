import Accounting
import Bookkeeping
import Policy
import Resources
import Trading

/// The decision code of one agent: negotiation, leases and settlement on both sides, as one state machine.
///
/// It takes an event, both clocks, a random generator and a notary, and returns records to commit and actions that may
/// happen once they are durable. It reads no clock and does no I/O, so the agent and the simulator run the same code. After a
/// crash, or when a commit fails, a new node is made from what was recorded; peers are then asked what became of the rest.
package struct Node: Sendable {
    package let id: NodeID
    /// The policy as it holds at this time of the week.
    package internal(set) var policy: LendingPolicy
    /// The same as the owner gave it.
    var given: LendingPolicy
    /// The time of the week by the owner's clock, as far as it was told.
    var civil: CivilMinute?
    /// What the machine, or this agent's share of it, has.
    package let capacity: Amounts
    let rhythm: Rhythm
    package internal(set) var books: Books

    /// Why nothing is offered for now.
    package internal(set) var hindrance: Refusal? = Refusal(
        term: "lending", reason: "the node has just started", retryAfter: .seconds(1))
    /// The owner's word that nothing is lent for now.
    package internal(set) var pause: Pause?
    /// How the policy's conditions stand.
    package internal(set) var gates: Gates
    var owner = OwnerUsage()
    /// What is stored under lent leases, as far as it was told since the start.
    var storeUses: [LeaseID: StoreUse] = [:]
    /// Since when the owner has had less of the disk than the policy keeps free; `nil` while there is enough.
    var diskShortSince: Instant?
    /// What the owner is expected to use.
    package internal(set) var foresight: Foresight
    var members: [NodeID: Member] = [:]

    /// What the pool says of a peer.
    struct Member: Sendable {
        let name: String
        let roles: [String]
    }

    // The lender's side of negotiations.
    var holds: SortedMap<NegotiationID, Hold>
    var talks = SortedMap<NegotiationID, LenderTalk>()
    var refused: SortedMap<AgreementID, RefusedAgreement>
    /// Which agreement led to which lease, to answer a repeated acceptance.
    var leaseOfAgreement: [AgreementID: LeaseID] = [:]

    /// The borrower's side.
    package internal(set) var requests: SortedMap<RequestID, RequestEntry>

    /// Both sides: open leases, and closed ones until they are settled and late messages have died out.
    package internal(set) var leases: LeaseTable
    /// What is owed in kind, by this node and to it.
    package internal(set) var obligations: ObligationTable
    /// Swaps of which something is not settled.
    package internal(set) var swaps: SortedMap<AgreementID, SwapEntry>
    /// When what was proposed of obligations is sent again.
    var adjusting: [ObligationID: Retry] = [:]
    /// When a conversion is tried that could not be made at the end of its window.
    var convertAt: [ObligationID: Deadline] = [:]
    /// What is acquired by rules of the policy.
    package internal(set) var acquisitions: AcquisitionBook
    /// What this node and its peers do not accept of each other's bills.
    package internal(set) var disputes: DisputeTable
    /// When what was sent about disputes is sent again.
    var disputing: [DisputeID: Retry] = [:]
    var honour: HonourRecord
    /// How often the ledger was looked into for each peer of late.
    var recalls = SortedMap<NodeID, RecallBudget>()
    /// Debts that are netted around cycles of peers.
    package internal(set) var netting: NettingBook
    /// What this ledger and those of peers have of each other.
    package internal(set) var reconciling: ReconciliationBook
    /// What stands idle between this node and its peers, while the policy has a rule for that.
    package internal(set) var decays: SortedMap<DecayEntry.Side, DecayEntry>
    var reconcileAt: Deadline
    /// The clocks when they were last looked at.
    var clock: Moment

    /// A node as it was when `snapshot` was taken. Open leases are suspect until the other side is heard of.
    package init(
        id: NodeID, capacity: Amounts, policy: LendingPolicy, restoring snapshot: Snapshot,
        rhythm: Rhythm = .usual, at now: Moment
    ) {
        self.id = id
        self.capacity = capacity
        self.rhythm = rhythm
        self.policy = policy
        given = policy
        gates = Gates(policy)
        books = Books(restoring: snapshot.books)
        holds = SortedMap(snapshot.holds.map { ($0.negotiation, $0) })
        refused = SortedMap(snapshot.refused.map { ($0.id, $0) })
        requests = SortedMap(snapshot.requests.filter(\.isInDoubt).map { ($0.request.id, $0) })
        leases = LeaseTable(snapshot.leases.map { $0.anchored(at: now) })
        obligations = ObligationTable(snapshot.obligations.filter { !$0.isForgettable(at: now.utc) })
        swaps = SortedMap(snapshot.swaps.map { ($0.agreement, $0) })
        acquisitions = AcquisitionBook(policy.borrow.rules, restoring: snapshot, at: now)
        disputes = DisputeTable(snapshot.disputes.filter { !$0.isForgettable(at: now.utc) })
        honour = snapshot.honour ?? HonourRecord()
        pause = snapshot.pause
        netting = NettingBook(restoring: snapshot, at: now)
        reconciling = ReconciliationBook(restoring: snapshot.reconciliations, at: now)
        decays = SortedMap(snapshot.decays.map { ($0.side, $0) })
        foresight = Foresight(policy, sample: rhythm.sample, restoring: snapshot.foresight)
        reconcileAt = Deadline(now)
        clock = now
        for entry in leases.values where entry.lease.role == .lender {
            leaseOfAgreement[entry.lease.agreement] = entry.id
        }
    }

    /// This node as it is on disk, after a commit has failed: what is never recorded is still known.
    package func restored(from snapshot: Snapshot, at now: Moment) -> Node {
        var node = Node(
            id: id, capacity: capacity, policy: given, restoring: snapshot, rhythm: rhythm, at: now)
        (node.policy, node.civil) = (policy, civil)
        (node.hindrance, node.gates, node.owner, node.members) = (hindrance, gates, owner, members)
        (node.foresight, node.storeUses) = (foresight, storeUses)
        node.acquisitions.keep(of: acquisitions)
        node.reconciling.takeOver(reconciling)
        (node.netting.search, node.netting.traffic, node.netting.gone) = (netting.search, netting.traffic, netting.gone)
        return node
    }

    /// Decides what follows from one event.
    package mutating func handle(
        _ event: NodeEvent, at now: Moment, random: inout SeededGenerator, notary: any Notary
    ) -> Outcome {
        var step = Step(now: now, notary: notary, random: random)
        keepClocks(&step)
        decide(event, &step)
        runTimers(&step)
        random = step.random
        step.outcome.wake = nextWake(at: now)
        return step.outcome
    }

    /// What to do after a restart, before the first event: the kernel is brought in line with the leases.
    package mutating func resume(at now: Moment, random: inout SeededGenerator, notary: any Notary) -> Outcome {
        var step = Step(now: now, notary: notary, random: random)
        for id in leases.unsettled.keys {
            guard var entry = leases[id] else { continue }
            _ = entry.lease.suspect()
            entry.retry?.hasten(at: now)
            // Civil time may have been set since it was recorded.
            keep(entry, &step)
            resumeGuest(entry, &step)
        }
        for entry in leases.draining.values { resumeGuest(entry, &step) }
        for id in requests.keys { hasten(acceptancesOf: id, at: now) }
        resumeNettings(at: now)
        resumeReconciliations(at: now)
        hastenDecay(at: now)
        // The policy may have changed while nobody was here.
        follow(&step)
        runTimers(&step)
        random = step.random
        step.outcome.wake = nextWake(at: now)
        return step.outcome
    }

    private mutating func decide(_ event: NodeEvent, _ step: inout Step) {
        switch event {
        case .message(let peer, let message): receive(message, from: peer, &step)
        case .borrow(let id, let want, let peers): borrow(id, want, from: peers, &step)
        case .release(let id): release(id, &step)
        case .renew(let id, let span): askRenewal(of: id, by: span, isAsked: true, &step)
        case .reclaim(let id, let atOnce, let reason): reclaim(id, atOnce: atOnce, reason: reason, &step)
        case .guestOpened(let id): guestOpened(id, &step)
        case .guestFailed(let id, let reason): close(id, .failed, reason, &step)
        case .guestClosed(let id, let reading): guestClosed(id, reading, &step)
        case .storeOpened(let id): guestOpened(id, &step)
        case .storeFailed(let id, let reason): close(id, .failed, reason, &step)
        case .storeClosed(let id): guestClosed(id, nil, &step)
        case .stores(let uses): use(uses, &step)
        case .readings(let owner, let guests): measure(owner: owner, guests, &step)
        case .surroundings(let surroundings): observe(surroundings, &step)
        case .peers(let peers): acquisitions.peers = peers
        case .occupied(let id, let job, let isOccupied):
            if isOccupied { begin(job, under: id, &step) }
            occupy(id, by: job, isOccupied, &step)
        case .adjust(let id, let wish): adjust(id, wish, &step)
        case .dispute(let id, let recalled, let amount, let reason): dispute(id, recalled, amount, reason, &step)
        case .resolve(let id, let wish): resolve(id, wish, &step)
        case .counted(let id, let job, let used): count(used, by: job, under: id, &step)
        case .policy(let policy): adopt(policy, &step)
        case .lending(let hindrance): hinder(hindrance, &step)
        case .pause(let user, let span, let atOnce): pauseLending(by: user, for: span, atOnce: atOnce, &step)
        case .resume(let user): resumeLending(by: user, &step)
        case .met(let peer, let name, let roles): meet(peer, name, roles, &step)
        case .net(let id, let isDryRun): net(id, isDryRun: isDryRun, &step)
        case .reconcile(let peer, let id): reconcile(with: peer, askedAs: id, &step)
        case .history(let id, let found): read(id, found, &step)
        case .recalled(let recall, let found): take(found, for: recall, &step)
        case .expelled(let peer): expel(peer, &step)
        case .unreachable(let peer, let refusal): giveUp(on: peer, refusal, &step)
        case .reachable(let peer): hasten(peer, &step)
        case .withheld(let message, let peer): withheld(message, from: peer, &step)
        case .tick: break
        }
    }

    private mutating func receive(_ message: TradeMessage, from peer: NodeID, _ step: inout Step) {
        // A node has no trust line with itself, and would owe and compare without end.
        guard peer != id else { return }
        switch message {
        case .propose(let proposal): answer(proposal, from: peer, &step)
        case .answer(let answer): take(answer, from: peer, &step)
        case .withdraw(let id): withdraw(id, by: peer, &step)
        case .accept(let acceptance): commit(acceptance, from: peer, &step)
        case .committed(let commitment): committed(commitment, by: peer, &step)
        case .declined(let id, let refusal): declined(id, refusal, by: peer, &step)
        case .inquire(let id): inquired(id, by: peer, &step)
        case .renew(let renewal): renew(renewal, for: peer, &step)
        case .renewed(let answer): renewed(answer, by: peer, &step)
        case .release(let id): released(id, by: peer, &step)
        case .reclaim(let id, let remaining, let reason): noticed(id, remaining, reason, by: peer, &step)
        case .resized(let id, let amounts, let reason): resized(id, amounts, reason, by: peer, &step)
        case .closed(let id, let why, let detail): closedByPeer(id, why, detail, by: peer, &step)
        case .receipt(let offer): examine(offer, from: peer, &step)
        case .receiptAnswer(let reply): settle(reply, from: peer, &step)
        case .claims(let claims): compare(claims, from: peer, &step)
        case .adjust(let offer): examine(offer, from: peer, &step)
        case .adjusted(let reply): adjusted(reply, by: peer, &step)
        case .dispute(let notice): take(notice, from: peer, &step)
        case .disputeAnswer(let id, let refusal): disputeAnswered(id, refusal, by: peer, &step)
        case .resolve(let offer): examine(offer, from: peer, &step)
        case .resolved(let reply): resolved(reply, by: peer, &step)
        case .netting(let message): take(message, from: peer, &step)
        case .reconciliation(let message): take(message, from: peer, &step)
        case .decay(let message): take(message, from: peer, &step)
        }
    }
}

// MARK: - What others may know

extension Node {
    /// What is taken now, each part once: lent leases whose term has begun, disk that is not free again since they ended, and offers
    /// that bind and would begin at once.
    package var committed: Amounts {
        let lent = leases.taking.reduce(Amounts.zero) { $1.hasBegun ? $0 + $1.lease.amounts : $0 }
        var committed = holds.values.reduce(lent) { $1.terms.start == nil ? $0 + $1.terms.amounts : $0 }
        if let sharedRoom { committed.disk = committed.disk - sharedRoom.shared }
        return committed
    }

    /// What the owner is counted on to use.
    package var ownerUsage: Amounts { owner.level }

    /// What could be lent to anyone now.
    package var lendable: Amounts {
        guard hindrance == nil, pause == nil else { return .zero }
        return policy.lendable(given: standing)
    }

    /// Why nothing can be lent to anyone, when that is so.
    package func reasonForNothing(at now: Moment) -> Refusal {
        if let obstacle = obstacle(at: now) { return obstacle }
        if !policy.lendsAnything { return Refusal(term: "policy", reason: "policy '\(policy.name)' lends nothing") }
        guard let reason = gates.holdBack.any else {
            return Refusal(term: "cpu", reason: "nothing is free now", retryAfter: .seconds(30))
        }
        return Refusal(term: "condition", reason: "not lent now: \(reason)", retryAfter: .seconds(30))
    }

    func name(of peer: NodeID) -> String { members[peer]?.name ?? peer.description }
}

extension LeaseEntry {
    /// Whether it counts against what the node may lend in its time: until its guests are gone from the kernel, and what was stored
    /// under it from the disk.
    var holdsCapacity: Bool {
        lease.role == .lender && (lease.isOpen || guest == .closing || guest == .opening || guest == .draining)
    }
}
