import Accounting
import Bookkeeping
import Resources
import Trading

/// Everything a node keeps about one lease, on either side.
package struct LeaseEntry: Codable, Sendable {
    package internal(set) var lease: Lease
    package internal(set) var bill: Bill
    /// The lender's meter; stays empty on the borrower.
    package internal(set) var meter = LeaseMeter()
    /// What the borrower's jobs have reported that they used; `nil` before there was one.
    var jobs: JobCount?
    /// What is reserved for it, one part for the first term and one for each renewal, oldest first.
    package internal(set) var reservations: [Reserved]
    /// The agreement as signed by both.
    var signed: SignedAgreement?
    /// The borrower's renewal that awaits its answer.
    var renewal: PendingRenewal?
    /// Where the lender's kernel stands.
    var guest = Guest.absent
    /// When the lender draws the next receipt.
    var receiptDue: Deadline?
    /// What the lender pays for an end without the full notice; on the borrower's side what is due.
    package internal(set) var compensation = Microcredits.zero
    /// What was sent and not yet answered.
    var retry: Retry?
    /// When a closed or settled lease may be forgotten.
    var forget: Deadline?
    /// Why a borrower has not got the terms that it asked for, in the lender's words; `nil` where it has.
    package internal(set) var deviation: String?

    enum Guest: String, Codable, Sendable {
        case absent, opening, open, closing
        /// All that is billed is known, and what was stored under it is still to be moved elsewhere.
        case draining
        case gone
    }

    /// - Parameter reservation: of its first term; `nil` for a half of a swap, whose reservations are the swap's.
    init(lease: Lease, bill: Bill, reservation: TransferID? = nil) {
        self.lease = lease
        self.bill = bill
        reservations = reservation.map { [Reserved(transfer: $0, covers: lease.terms.term)] } ?? []
    }

    /// Adds the reservation of one more term.
    mutating func reserve(_ transfer: TransferID, for span: Microseconds) {
        let covered = reservations.last?.covers ?? .zero
        reservations.append(Reserved(transfer: transfer, covers: covered + span))
    }

    /// Its resources are being set aside, and from now on receipts are drawn.
    mutating func open(billing interval: Microseconds, at now: Moment) {
        guest = .opening
        receiptDue = Deadline(interval, after: now)
    }

    package var id: LeaseID { lease.id }

    /// Whether the kernel was told to set its resources aside, and has not said that it did.
    package var isBeingOpened: Bool { guest == .opening }

    /// Whether a node still has something to do with it: a restored node needs these entries and no others.
    package var isLive: Bool { lease.isOpen || forget != nil || isDraining }

    /// Whether it has ended, and its last receipt waits for nothing any more, while what was stored under it still lies on the
    /// lender's disk.
    package var isDraining: Bool { guest == .draining }

    /// Whether the lender waits for no counters of it any more.
    var isRead: Bool { guest == .gone || guest == .draining }
}

/// A reservation for one term of a lease.
package struct Reserved: Hashable, Codable, Sendable {
    /// That in credits; those in other units follow it.
    package let transfer: TransferID
    /// The time since the lease began up to which it pays for usage. Once a receipt covers that, nothing more can be
    /// billed against it.
    package let covers: Microseconds
}

/// A renewal asked for and not yet answered.
struct PendingRenewal: Codable, Sendable {
    let number: Int
    let span: Microseconds
    let reservation: TransferID
    /// A person waits for it, as opposed to the lease renewing itself.
    let isAsked: Bool

    func message(for lease: LeaseID) -> TradeMessage {
        .renew(Renewal(lease: lease, number: number, span: span, reservation: reservation))
    }
}

/// When something unanswered is to be sent again: after half a second, then twice as long each time, up to `longest`.
package struct Retry: Codable, Hashable, Sendable {
    package private(set) var attempts = 0
    package private(set) var at: Deadline

    init(at now: Moment) { at = Deadline(Negotiating.resendAfter, after: now) }

    /// At once, as after a restart.
    init(due now: Moment) { at = Deadline(now) }

    mutating func anchor(at now: Moment) { at = at.anchored(at: now) }

    mutating func again(at now: Moment, longest: Microseconds) {
        attempts += 1
        let span = Negotiating.resendAfter * (1 << Int64(min(attempts, 20)))
        at = Deadline(min(span, longest), after: now)
    }

    /// Whether it has not been sent again since it was to go at once.
    var isFresh: Bool { attempts == 0 }

    /// The other side is there again: do not wait.
    mutating func hasten(at now: Moment) {
        attempts = 0
        at = Deadline(now)
    }
}

/// A request to borrow and, once offers were accepted, the acceptances that await their lenders' word.
///
/// A request for several nodes accepts all its offers at once, and none of its leases is kept unless all were committed.
package struct RequestEntry: Codable, Sendable {
    package internal(set) var request: BorrowRequest
    /// In the order of the offers; all are durable before the first is sent.
    var acceptances: [PendingAcceptance] = []
    /// Its user was told that it failed: what still comes of it is given back.
    package internal(set) var isFailed = false
    /// Whether the story says that it was opened. Told with what came of it: peers are asked without waiting for the disk.
    var isTold = false

    package var isInDoubt: Bool { !acceptances.isEmpty }

    init(request: BorrowRequest) { self.request = request }
}

extension RequestEntry {
    private enum OldKey: String, CodingKey { case acceptance }

    /// Reads also what was written when a request could be for one lease only.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let old = try decoder.container(keyedBy: OldKey.self).decodeIfPresent(PendingAcceptance.self, forKey: .acceptance)
        request = try container.decode(BorrowRequest.self, forKey: .request)
        acceptances = try container.decodeIfPresent([PendingAcceptance].self, forKey: .acceptances) ?? [old].compactMap(\.self)
        isFailed = try container.decodeIfPresent(Bool.self, forKey: .isFailed) ?? false
        isTold = try container.decodeIfPresent(Bool.self, forKey: .isTold) ?? false
    }
}

/// An accepted offer, and the lease that came of it once its lender has said so.
struct PendingAcceptance: Codable, Sendable {
    /// Index of the talk whose offer was accepted.
    let talk: Int
    let agreement: Agreement
    let signed: SignedAgreement
    /// When it was first sent: the lease counts from here on this side.
    let began: Moment
    var retry: Retry
    /// Until here the user waits; afterwards a lease that appears is given back.
    let patience: Deadline
    /// What is held to be lent in return.
    let returned: NegotiationID?
    /// The lease that came of it; `nil` until the lender has said so.
    var lease: LeaseID?

    /// Whether the lender has committed it: its lease is here.
    var isCommitted: Bool { lease != nil }

    func isGivenUp(at now: Moment) -> Bool { -Deadline(began).remaining(at: now) >= Timing.doubtPatience }
}

/// What a node restores itself from: all it has recorded and not removed.
package struct Snapshot: Sendable {
    package var books: BooksSnapshot
    package var holds: [Hold]
    package var requests: [RequestEntry]
    package var leases: [LeaseEntry]
    package var refused: [RefusedAgreement]
    package var obligations: [Obligation]
    package var swaps: [SwapEntry]
    package var disputes: [Dispute]
    package var honour: HonourRecord?
    package var pause: Pause?
    package var foresight: ForesightMemory?
    package var nettings: [NettingEntry]
    package var nettingRecord: NettingRecord?
    package var decays: [DecayEntry]
    package var acquisitions: AcquisitionMemory?
    /// What leases of rules were paid with, as far back as any budget looks.
    package var payments: [RulePayment]
    package var reconciliations: [PeerReconciliation]

    package init(
        books: BooksSnapshot, holds: [Hold] = [], requests: [RequestEntry] = [], leases: [LeaseEntry] = [],
        refused: [RefusedAgreement] = [], obligations: [Obligation] = [], swaps: [SwapEntry] = [], disputes: [Dispute] = [],
        honour: HonourRecord? = nil, pause: Pause? = nil, foresight: ForesightMemory? = nil, nettings: [NettingEntry] = [],
        nettingRecord: NettingRecord? = nil, decays: [DecayEntry] = [], acquisitions: AcquisitionMemory? = nil,
        payments: [RulePayment] = [],
        reconciliations: [PeerReconciliation] = []
    ) {
        self.books = books
        self.holds = holds
        self.requests = requests
        self.leases = leases
        self.refused = refused
        self.obligations = obligations
        self.swaps = swaps
        self.disputes = disputes
        self.honour = honour
        self.pause = pause
        self.foresight = foresight
        self.nettings = nettings
        self.nettingRecord = nettingRecord
        self.decays = decays
        self.acquisitions = acquisitions
        self.payments = payments
        self.reconciliations = reconciliations
    }
}

/// The times a node keeps to.
package enum Timing {
    /// How long a reservation outlives its term, so that late receipts are still paid.
    package static let reservationGrace = Microseconds.minutes(15)
    /// How long a lender goes on asking for an answer to a last receipt before it writes the amount off as disputed.
    package static let receiptPatience = Microseconds.days(7)
    /// How long a borrower goes on asking whether its acceptance was committed. Its reservation has lapsed long before.
    package static let doubtPatience = Microseconds.days(7)
    /// How far ahead of this node's clock an id of a peer's making may be dated.
    package static let idTolerance = Microseconds.days(1)
    /// How long the machine is counted as taken after the end of a lease, until its guests are gone.
    package static let turnover = Microseconds.seconds(2)
    /// How far ahead what the owner uses now, and which conditions hold now, says something.
    package static let foreseeable = Microseconds.minutes(10)
    /// How long before its end a lease that is given back counts as one that has run its time.
    package static let endTolerance = Microseconds.seconds(1)
    /// How long a settled lease is remembered, to answer late messages alike.
    package static let settledMemory = Microseconds.minutes(20)
    /// How long a refused agreement is remembered.
    package static let refusalMemory = Microseconds.minutes(30)
    /// How long what was stored under a lease is kept at most when it has ended, so that its borrower can move it elsewhere.
    package static let drainage = Microseconds.days(1)
    /// How long a closed lease waits for its last counters.
    package static let counterPatience = Microseconds.minutes(1)
    /// A lease that renews itself does so when this share of its term is left.
    package static let renewWhenLeft = BasisPoints.percent(40)
    package static let longestRetry = Microseconds.minutes(10)
    package static let longestLiveRetry = Microseconds.seconds(5)
    /// People take their time over disputes.
    package static let longestDisputeRetry = Microseconds.hours(1)
    /// The part of the worth of a swap by which one half may fall behind the other before that ends.
    package static let swapTolerance = BasisPoints.percent(5)
    /// What the two clocks may differ by while a receipt is judged.
    package static let clockSlack = Microseconds.seconds(5)
}
