import Bookkeeping
import Resources

/// A clock set by hand.
func moment(_ seconds: Int64, boot: String = "boot-1") -> Moment {
    Moment(
        boot: BootID(boot), instant: Instant(microseconds: seconds * 1_000_000),
        utc: Timestamp(microseconds: 1_700_000_000_000_000 + seconds * 1_000_000))
}

func transferID(_ n: UInt64) -> TransferID { TransferID(high: 1, low: n) }
func node(_ n: UInt64) -> NodeID { NodeID(high: 2, low: n) }

let peer = node(1)
let start = moment(0)

/// Books in which `peer` may owe 1000 and be owed 500.
func books(remembering capacity: Int = Books.memoryCapacity) -> Books {
    var books = Books(remembering: capacity)
    books.set(TrustLine(peer: peer, granted: 1000, received: 800, ownCeiling: 500))
    return books
}

/// The peer reserves what it will owe for a lease.
func lend(_ n: UInt64, _ amount: Microcredits, for seconds: Int64 = 60) -> Transfer {
    Transfer(
        id: transferID(n), kind: .pending, debit: .peer(peer), credit: .earned, amount: amount,
        expires: Deadline(moment(seconds)), at: start.utc)
}

/// This node reserves what it will owe the peer.
func borrow(_ n: UInt64, _ amount: Microcredits, for seconds: Int64 = 60) -> Transfer {
    Transfer(
        id: transferID(n), kind: .pending, debit: .spent, credit: .peer(peer), amount: amount,
        expires: Deadline(moment(seconds)), at: start.utc)
}

func direct(_ n: UInt64, from debit: Account, to credit: Account, _ amount: Microcredits) -> Transfer {
    Transfer(id: transferID(n), kind: .direct, debit: debit, credit: credit, amount: amount, at: start.utc)
}
