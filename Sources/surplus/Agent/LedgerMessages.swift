import Reports
import Resources
import Wire

extension Surplus_V1_EntriesRequest {
    /// - Parameters:
    ///   - inKind: whether what moved something owed in kind is wanted as well.
    ///   - unit: the only one that is wanted, whatever `inKind` says.
    ///   - receipts: whether each entry is to name the receipt that it settles.
    init(
        peer: String?, since: Timestamp?, until: Timestamp?, inKind: Bool = false, unit: LedgerUnit? = nil, receipts: Bool = false
    ) {
        self = .with {
            $0.receipts = receipts
            $0.inKind = inKind
            $0.unit = unit?.rawValue ?? ""
            $0.peer = peer ?? ""
            $0.since = since?.microseconds ?? 0
            $0.until = until?.microseconds ?? 0
        }
    }
}

extension LedgerStatusReport {
    init(_ reply: Surplus_V1_LedgerStatusReply) {
        self.init(
            own: Place(reply.own), mounts: reply.mounts.map(Place.init), beginsAt: CivilTime(microseconds: reply.beginsAt),
            standby: reply.hasStandby ? Standby(reply.standby) : nil, fault: reply.fault.nonEmpty,
            checkpoints: reply.checkpoints.compactMap(ReconciliationReport.Checkpoint.init),
            differences: reply.checkpoints.filter(\.hasDifference).map(Difference.init))
    }
}

extension LedgerStatusReport.Difference {
    fileprivate init(_ message: Surplus_V1_CheckpointInfo) {
        self.init(
            peer: message.peer, peerName: message.peerName, ReconciliationReport.Difference(message.difference))
    }
}

extension LedgerStatusReport.Place {
    fileprivate init(_ place: Surplus_V1_LedgerPlace) {
        self.init(
            directory: place.directory, first: place.firstSegment, last: place.lastSegment, size: place.bytes,
            fault: place.fault.nonEmpty,
            closed: place.closed.map { LedgerStatusReport.ClosedFile(file: $0.number, lastRow: $0.lastRow) })
    }
}

extension LedgerStatusReport.Standby {
    fileprivate init(_ info: Surplus_V1_StandbyInfo) {
        self.init(
            directory: info.directory, fault: info.fault.nonEmpty, lag: info.lagMicroseconds, lagBytes: info.lagBytes,
            oldest: CivilTime(microseconds: info.oldest), newest: CivilTime(microseconds: info.newest), size: info.bytes)
    }
}

extension AccountStanding {
    init(_ message: Surplus_V1_AccountStanding) {
        self.init(
            account: message.account, peer: message.peer.nonEmpty, peerName: message.peerName.nonEmpty,
            unit: LedgerUnit(rawValue: message.unit) ?? .credit, net: message.net)
    }
}

extension PostedEntry {
    init(_ message: Surplus_V1_LedgerEntry) {
        self.init(
            sequence: message.sequence, at: CivilTime(Timestamp(microseconds: message.at)), transfer: message.transfer,
            purpose: message.purpose, debit: message.debit, credit: message.credit,
            unit: LedgerUnit(rawValue: message.unit) ?? .credit, amount: message.amount, peer: message.peer,
            peerName: message.peerName, lease: message.lease.nonEmpty, receipt: message.receipt.nonEmpty,
            otherPeer: message.otherPeer.nonEmpty, otherPeerName: message.otherPeerName.nonEmpty)
    }
}
