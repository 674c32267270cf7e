import Bookkeeping
import Node
import Resources
import Trading

/// A node's durable records, as a store would keep them: what was committed is there after a crash, nothing else is.
struct Disk {
    private var books = Books()
    /// Apart from the other states, for they are looked up with every event.
    private var leases = SortedMap<LeaseID, LeaseEntry>()
    private var states: [StateKind: SortedMap<String, any Codable & Sendable>] = [:]
    private(set) var receipts = SortedMap<ReceiptID, SignedReceipt>()
    /// The last of which something was accepted.
    private var answered: [SignedReceipt] = []
    private static let mostAnswered = 50
    private(set) var agreements = SortedMap<AgreementID, AgreementRecord>()
    private(set) var adjustments = SortedMap<AdjustmentID, SignedAdjustment>()
    /// The steps of each dispute, in order.
    private(set) var resolutions = SortedMap<DisputeID, [SignedResolution]>()
    /// What leases of rules were paid with.
    private(set) var payments: [RulePayment] = []
    private(set) var shared = SharedRows()
    private(set) var disputes = SortedMap<DisputeID, Dispute>()
    private var obligations = SortedMap<ObligationID, Obligation>()
    /// How often what a netting reserved was moved from one peer's account to another's.
    private(set) var nettingPosts: [TransferID: Int] = [:]
    /// Why a batch could not be applied: a fault of the decision code, for the store repeats its checks.
    private(set) var fault: String?

    mutating func commit(_ records: [Record], at now: Moment) {
        for record in records { apply(record, at: now) }
    }

    /// A batch of which only a part had been written. What recovers finds it incomplete by its checksum, and drops it.
    mutating func tear(_ records: [Record], at now: Moment) {
        #if Defects
            if Defect.active == .halfBatchKept { for record in records.prefix(records.count / 2) { apply(record, at: now) } }
        #endif
    }

    private mutating func apply(_ record: Record, at now: Moment) {
        switch record {
        case .transfer(let transfer):
            do {
                // Limits were checked by the node that decided; the store holds on to double entry and uniqueness.
                if try books.apply(transfer, at: now, isAcknowledged: true) == .replayed {
                    fault = "\(transfer.id) was recorded twice"
                } else {
                    shared.add(transfer)
                    if transfer.isNetting, let of = transfer.of { nettingPosts[of, default: 0] += 1 }
                }
                note(transfer)
            } catch {
                fault = "the store refuses \(transfer.id): \(error)"
            }
        case .trustLine(let line): books.set(line)
        case .receipt(let signed): note(signed)
        case .agreement(let agreement): agreements[agreement.id] = agreement
        case .adjustment(let signed): adjustments[signed.adjustment.id] = signed
        case .checkpoint(let kept, let peer): shared.add(kept, with: peer)
        case .resolution(let signed): note(signed)
        case .dispute(let dispute): disputes[dispute.id] = dispute
        case .obligation(let obligation): obligations[obligation.id] = obligation
        case .state(.lease, _, let entry as LeaseEntry): leases[entry.id] = entry
        case .state(let kind, let id, let value): states[kind, default: SortedMap()][id] = value
        case .event: break
        }
    }

    /// What a node restores itself from.
    var snapshot: Snapshot {
        func all<T>(_ kind: StateKind, as _: T.Type) -> [T] { (states[kind]?.values ?? []).compactMap { $0 as? T } }
        return Snapshot(
            books: books.snapshot, holds: all(.hold, as: Hold.self), requests: all(.request, as: RequestEntry.self),
            leases: leases.values.filter { $0.isLive }, refused: all(.refusal, as: RefusedAgreement.self),
            obligations: obligations.values, swaps: all(.swap, as: SwapEntry.self), disputes: disputes.values,
            honour: all(.setting, as: HonourRecord.self).first, pause: all(.setting, as: Pause.self).first,
            foresight: all(.setting, as: ForesightMemory.self).first, nettings: all(.netting, as: NettingEntry.self),
            nettingRecord: all(.setting, as: NettingRecord.self).first,
            decays: all(.decay, as: DecayEntry.self), acquisitions: all(.setting, as: AcquisitionMemory.self).first,
            payments: payments, reconciliations: all(.reconciliation, as: PeerReconciliation.self))
    }

    private mutating func note(_ signed: SignedReceipt) {
        receipts[signed.receipt.id] = signed
        guard signed.accepted?.credits ?? .zero > .zero else { return }
        answered = answered.suffix(Self.mostAnswered - 1) + [signed]
    }

    /// What was signed of something that a peer asks about.
    func recall(_ subject: RecallSubject) -> Recalled {
        switch subject {
        case .receipt(let id, let agreement): Recalled(receipt: receipts[id], agreement: agreements[agreement])
        case .adjustment(let id): Recalled(adjustment: adjustments[id])
        case .resolution(let id, let number): Recalled(resolution: resolutions[id]?.first { $0.resolution.number == number })
        }
    }

    /// The last receipts that a node has paid by.
    func paid(by node: NodeID) -> [SignedReceipt] { answered.filter { $0.receipt.borrower == node } }

    private mutating func note(_ signed: SignedResolution) {
        let resolution = signed.resolution
        let known = resolutions[resolution.dispute] ?? []
        guard resolution.number == Int64(known.count + 1) else {
            fault = "step \(resolution.number) of \(resolution.dispute) was recorded after step \(known.count)"
            return
        }
        resolutions[resolution.dispute] = known + [signed]
    }

    private mutating func note(_ transfer: Transfer) {
        guard transfer.paysForLease, let rule = transfer.lease.flatMap({ leases[$0]?.lease.rule }) else { return }
        payments.append(RulePayment(rule: rule, amount: Microcredits(transfer.amount), at: transfer.at))
    }

    /// What the ledger has reserved for leases that a rule holds.
    func reserved(by rule: String) -> Microcredits {
        books.reservations.reduce(.zero) { sum, reservation in
            let isOfRule =
                reservation.transfer.unit == .credit && reservation.transfer.lease.flatMap { leases[$0]?.lease.rule } == rule
            return isOfRule ? sum + Microcredits(reservation.remaining) : sum
        }
    }

    func lease(_ id: LeaseID) -> LeaseEntry? { leases[id] }
    func netting(_ id: NettingID) -> NettingEntry? { states[.netting]?[id.description] as? NettingEntry }
}

extension Transfer {
    /// Whether it moves what was owed between two peers.
    fileprivate var isNetting: Bool {
        guard kind == .post, case .peer = debit, case .peer = credit else { return false }
        return true
    }
}
