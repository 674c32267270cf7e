import Bookkeeping
import Resources

/// The transfers of a ledger benchmark: leases one after the other, each a reservation, two posts and the release of
/// what is left, with ever new ids.
struct LedgerWorkload {
    private var random: SeededGenerator
    static let own = NodeID(high: 1, low: 9)
    static let peers = (1...8).map { NodeID(high: 1, low: $0) }
    /// After all of it.
    static let end = Timestamp(microseconds: 1_800_000_000_000_000)
    private var pending: [Transfer] = []
    private var time = Timestamp(microseconds: 1_700_000_000_000_000)

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next() -> Transfer {
        if pending.isEmpty { pending = lease().reversed() }
        return pending.removeLast()
    }

    mutating func next(_ count: Int) -> [Transfer] { (0..<count).map { _ in next() } }

    private mutating func lease() -> [Transfer] {
        time = time + .milliseconds(1)
        let moment = Moment(boot: BootID("7d0c0b1e-0f5e-4b69-a2d8-6c1f0c7e1a55"), instant: Instant(microseconds: 0), utc: time)
        let peer = Account.peer(Self.peers.randomElement(using: &random) ?? NodeID(high: 1, low: 1))
        let transfer = Transfer(
            id: TransferID(at: time, using: &random), kind: .pending, debit: peer, credit: .earned, amount: 1000,
            lease: LeaseID(at: time, using: &random), expires: Deadline(.minutes(30), after: moment), at: time)
        guard let full = Reservation(transfer), let left = Reservation(transfer, posted: 700) else { return [transfer] }
        return [
            transfer,
            full.post(300, as: TransferID(at: time, using: &random), at: time),
            full.post(400, as: TransferID(at: time, using: &random), at: time),
            left.void(as: TransferID(at: time, using: &random), at: time),
        ]
    }
}
