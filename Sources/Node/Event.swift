import Bookkeeping
import Policy
import Resources
import Trading

/// Something that happened to a node.
package enum NodeEvent: Sendable {
    /// A peer's message, its sender known from the transport.
    case message(from: NodeID, TradeMessage)
    /// Somebody here wants to borrow; the peers are asked in this order.
    case borrow(RequestID, Want, from: [NodeID])
    /// The holder here gives a borrowed lease back.
    case release(LeaseID)
    /// The holder here wants a borrowed lease lengthened.
    case renew(LeaseID, by: Microseconds)
    /// The owner here takes a lent lease back: after its notice, or at once, which pays for the notice.
    case reclaim(LeaseID, atOnce: Bool, reason: String)
    /// The warden has set the lease's resources aside.
    case guestOpened(LeaseID)
    /// The warden could not.
    case guestFailed(LeaseID, reason: String)
    /// Everything of the lease is gone from the kernel; these are its last counters, `nil` when they are lost.
    case guestClosed(LeaseID, MeterReading?)
    /// The room of a lease of disk is set aside.
    case storeOpened(LeaseID)
    /// It cannot be.
    case storeFailed(LeaseID, reason: String)
    /// Nothing of the lease is on the disk any more.
    case storeClosed(LeaseID)
    /// What is stored under all leases of disk that are lent or not cleared away yet.
    case stores([LeaseID: StoreUse])
    /// The machine was measured.
    case readings(owner: Amounts, guests: [MeterReading])
    /// What the policy's conditions are judged by was looked at.
    case surroundings(Surroundings)
    /// Whom rules of the policy can ask, the first to be asked in front.
    case peers([NodeID])
    /// A job is to run under a lease that a rule may hold, or is there no more.
    case occupied(LeaseID, by: JobID, Bool)
    /// Somebody here wants an obligation changed that is owed to this node or by it.
    case adjust(ObligationID, AdjustmentWish)
    /// Somebody here says that so much was paid too much by a receipt, or all of it.
    case dispute(DisputeID, Recalled, amount: Microcredits?, reason: String)
    /// Somebody here gives way in a dispute.
    case resolve(DisputeID, DisputeWish)
    /// A job under a borrowed lease has ended and used so much, by what its end reports; `nil` where that is not known.
    case counted(LeaseID, by: JobID, CoreMicroseconds?)
    /// The owner changed the policy.
    case policy(LendingPolicy)
    /// Why nothing can be lent for now, whatever the policy says; `nil` when lending is possible (again). Until the first of
    /// these nothing is offered.
    case lending(Refusal?)
    /// The owner stops lending, for a while or until told otherwise: leases end after their notice, or at once, which pays
    /// for the notice.
    case pause(by: String, for: Microseconds?, atOnce: Bool)
    /// The owner lends again.
    case resume(by: String)
    /// Somebody here wants debts netted that go round in a cycle, or, in a dry run, only to know which would be.
    case net(NettingID, isDryRun: Bool)
    /// Somebody here wants to know whether a peer's ledger has the same of all that was settled between both.
    case reconcile(NodeID, ReconciliationID)
    /// What the ledger has of a scope that was asked for with ``NodeAction/readHistory(_:_:)``, or why it cannot be read.
    case history(ReconciliationID, Result<SharedHistory, Refusal>)
    /// What the ledger has of something that was asked for with ``NodeAction/recall(_:)``.
    case recalled(Recall, Recalled)
    /// A peer is known under this name and has these roles in the pool.
    case met(NodeID, name: String, roles: [String])
    /// A peer has left the pool or was expelled: nothing with it goes on.
    case expelled(NodeID)
    /// A peer cannot be reached, or wants nothing to do with this node: what waits for its answer need not.
    case unreachable(NodeID, Refusal)
    /// A peer can be reached again: what waits for it is sent at once.
    case reachable(NodeID)
    /// A message was not sent to a peer, which has said that it could not read it.
    case withheld(TradeMessage, from: NodeID)
    /// Time has passed; sent at the instant of ``Outcome/wake`` or later.
    case tick
}

/// The kernel's counters for one lease, cumulative.
package struct MeterReading: Hashable, Codable, Sendable {
    package var lease: LeaseID
    package var usage: Usage
    /// Time spent below what was granted.
    package var throttled: Microseconds

    package init(lease: LeaseID, usage: Usage, throttled: Microseconds = .zero) {
        self.lease = lease
        self.usage = usage
        self.throttled = throttled
    }
}

/// Something the shell does for a node, only after the records of the same ``Outcome`` are durable.
package enum NodeAction: Sendable {
    case send(to: NodeID, TradeMessage)
    /// Set resources aside for a lease; harmless when they are. `remaining` lets the warden end it by itself.
    case openGuest(LeaseID, Amounts, remaining: Microseconds)
    case changeGuest(LeaseID, Amounts, remaining: Microseconds)
    /// End everything that runs under the lease, then report ``NodeEvent/guestClosed(_:_:)``.
    case closeGuest(LeaseID)
    /// Set room on the disk aside for a lease, or keep it for a new time when it is, then report ``NodeEvent/storeOpened(_:)``.
    case openStore(LeaseID, Bytes, remaining: Microseconds)
    /// Keep nothing more under the lease than its borrower still has to move elsewhere, and that for ``Timing/drainage`` at most, then
    /// report ``NodeEvent/storeClosed(_:)``. Harmless when it was told already.
    case closeStore(LeaseID)
    /// A request was decided: as many leases as nodes were wanted, or none. A refusal with term `"doubt"` may still turn into a
    /// lease, which is then released.
    case decided(RequestID, Result<[LeaseID], Refusal>)
    /// A renewal was decided.
    case renewed(LeaseID, Refusal?)
    /// What was wanted of an obligation was decided.
    case adjusted(ObligationID, Refusal?)
    /// What was wanted of a dispute was decided.
    case disputeDecided(DisputeID, Refusal?)
    /// Something about a lease changed that those who use it should look at.
    case changed(LeaseID)
    /// What has come of a search for cycles so far.
    case netting(NettingID, NettingNews)
    /// Read what the ledger has, then report ``NodeEvent/history(_:_:)``.
    case readHistory(ReconciliationID, SharedHistoryQuery)
    /// Look into the ledger for what was signed, then report ``NodeEvent/recalled(_:_:)``; nothing where it cannot be read, for peers
    /// ask again.
    case recall(Recall)
    /// What has come so far of a comparison that somebody here has asked for.
    case reconciliation(ReconciliationID, ReconciliationNews)
}

/// What a node decided: commit the records, then do the actions, in this order.
package struct Outcome: Sendable {
    package var records: [Record] = []
    package var actions: [NodeAction] = []
    /// When to send ``NodeEvent/tick`` next; `nil` when nothing is due.
    package var wake: Instant?
}

/// One run of a node's decision code: the inputs besides the event, and the outcome as it grows.
struct Step {
    let now: Moment
    let notary: any Notary
    var random: SeededGenerator
    var outcome = Outcome()

    mutating func send(_ message: TradeMessage, to peer: NodeID) { outcome.actions.append(.send(to: peer, message)) }
    mutating func act(_ action: NodeAction) { outcome.actions.append(action) }
    mutating func record(_ record: Record) { outcome.records.append(record) }

    mutating func tell(
        _ kind: String, _ subjects: [any CustomStringConvertible], _ text: String, _ details: [Event.Detail] = []
    ) {
        record(.event(Event(at: now.utc, kind: kind, subjects: subjects.map(\.description), text: text, details: details)))
    }

    mutating func newID<Tag>(_: Identifier<Tag>.Type = Identifier<Tag>.self) -> Identifier<Tag> {
        Identifier(at: now.utc, using: &random)
    }
}
