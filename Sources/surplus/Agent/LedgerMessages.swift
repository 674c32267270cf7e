import Reports
import Resources
import Wire

extension Surplus_V1_EntriesRequest {
    init(peer: String?, since: Timestamp?, until: Timestamp?) {
        self = .with {
            $0.peer = peer ?? ""
            $0.since = since?.microseconds ?? 0
            $0.until = until?.microseconds ?? 0
        }
    }
}

extension AccountStanding {
    init(_ message: Surplus_V1_AccountStanding) {
        self.init(
            account: message.account, peer: message.peer.nonEmpty, peerName: message.peerName.nonEmpty,
            net: Microcredits(message.net))
    }
}

extension PostedEntry {
    init(_ message: Surplus_V1_LedgerEntry) {
        self.init(
            sequence: message.sequence, at: CivilTime(Timestamp(microseconds: message.at)), transfer: message.transfer,
            purpose: message.purpose, debit: message.debit, credit: message.credit, amount: Microcredits(message.amount),
            peer: message.peer, peerName: message.peerName, lease: message.lease.nonEmpty)
    }
}
