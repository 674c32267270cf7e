import Bookkeeping
import Node
import Resources
import Trading

/// What a node has recorded, as a store would keep it: one committed batch after the other, all of it or nothing.
struct MemoryStore {
    private var books = Books()
    private var states: [StateKind: SortedMap<String, any Codable & Sendable>] = [:]
    private(set) var receipts = SortedMap<ReceiptID, SignedReceipt>()
    private(set) var agreements = SortedMap<AgreementID, AgreementRecord>()
    private(set) var adjustments = SortedMap<AdjustmentID, SignedAdjustment>()
    private(set) var disputes = SortedMap<DisputeID, Dispute>()
    private(set) var resolutions: [SignedResolution] = []
    private(set) var obligations = SortedMap<ObligationID, Obligation>()
    /// In the order of their rows; tests may change them as a cheater would.
    var transfers: [Transfer] = []
    private(set) var checkpoints: [NodeID: [KeptCheckpoint]] = [:]
    private(set) var events: [Event] = []

    /// - Throws: ``BooksError`` when the books of the store do not take a transfer: the node has recorded nonsense.
    mutating func commit(_ records: [Record], at now: Moment) throws(BooksError) {
        for record in records {
            switch record {
            case .transfer(let transfer):
                guard try books.apply(transfer, at: now, isAcknowledged: true) == .applied else { throw .conflict(transfer.id) }
                transfers.append(transfer)
            case .trustLine(let line): books.set(line)
            case .receipt(let signed): receipts[signed.receipt.id] = signed
            case .agreement(let agreement): agreements[agreement.id] = agreement
            case .adjustment(let signed): adjustments[signed.adjustment.id] = signed
            case .checkpoint(let kept, let peer): checkpoints[peer, default: []].append(kept)
            case .resolution(let signed): resolutions.append(signed)
            case .dispute(let dispute): disputes[dispute.id] = dispute
            case .obligation(let obligation): obligations[obligation.id] = obligation
            case .state(let kind, let id, let value): states[kind, default: SortedMap()][id] = value
            case .event(let event): events.append(event)
            }
        }
    }

    var snapshot: Snapshot {
        Snapshot(
            books: books.snapshot, holds: all(.hold, as: Hold.self), requests: all(.request, as: RequestEntry.self),
            leases: all(.lease, as: LeaseEntry.self).filter(\.isLive), refused: all(.refusal, as: RefusedAgreement.self),
            obligations: obligations.values, swaps: all(.swap, as: SwapEntry.self), disputes: disputes.values,
            honour: all(.setting, as: HonourRecord.self).first, pause: all(.setting, as: Pause.self).first,
            foresight: all(.setting, as: ForesightMemory.self).first, nettings: all(.netting, as: NettingEntry.self),
            nettingRecord: all(.setting, as: NettingRecord.self).first,
            decays: all(.decay, as: DecayEntry.self), acquisitions: all(.setting, as: AcquisitionMemory.self).first,
            payments: payments, reconciliations: all(.reconciliation, as: PeerReconciliation.self))
    }

    /// What leases of rules were paid with.
    private var payments: [RulePayment] {
        transfers.compactMap { transfer in
            guard transfer.paysForLease, let rule = transfer.lease.flatMap({ lease($0)?.lease.rule }) else { return nil }
            return RulePayment(rule: rule, amount: Microcredits(transfer.amount), at: transfer.at)
        }
    }

    /// What the ledger has of a scope; rows are numbered by their place.
    func history(_ query: SharedHistoryQuery, _ notary: any Notary) -> Result<SharedHistory, Refusal> {
        do throws(Refusal) {
            var reader = try SharedHistoryReader(
                query, checkpoints: checkpoints[query.peer] ?? [], beginning: 0, digest: notary.digest)
            for (place, transfer) in transfers.enumerated() where Int64(place) >= query.start {
                for movement in transfer.movements(with: query.peer, at: Int64(place + 1)) { reader.take(movement) }
            }
            let count = Int64(transfers.count)
            return .success(reader.finish(at: LedgerPlace(sequence: count, head: notary.digest(transfers.flatMap(\.document)))))
        } catch {
            return .failure(error)
        }
    }

    /// What was signed of something that a peer asks about.
    func recall(_ subject: RecallSubject) -> Recalled {
        switch subject {
        case .receipt(let id, let agreement): Recalled(receipt: receipts[id], agreement: agreements[agreement])
        case .adjustment(let id): Recalled(adjustment: adjustments[id])
        case .resolution(let id, let number):
            Recalled(resolution: resolutions.first { $0.resolution.dispute == id && $0.resolution.number == number })
        }
    }

    func lease(_ id: LeaseID) -> LeaseEntry? { states[.lease]?[id.description] as? LeaseEntry }

    func all<T>(_ kind: StateKind, as _: T.Type) -> [T] { (states[kind]?.values ?? []).compactMap { $0 as? T } }
}

extension Transfer {
    /// What it moved on the line with a peer.
    func movements(with peer: NodeID, at sequence: Int64) -> [SharedHistoryReader.Movement] {
        guard kind == .direct || kind == .post else { return [] }
        return [(debit, Int64(1)), (credit, -1)].filter { $0.0 == .peer(peer) }.map { _, sign in
            SharedHistoryReader.Movement(
                sequence: sequence, transfer: id, lease: lease, unit: unit, amount: LedgerAmount(sign * amount.rawValue))
        }
    }
}
