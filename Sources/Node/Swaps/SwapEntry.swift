import Bookkeeping
import Resources
import Trading

/// A swap as one of its sides keeps it: a lease that it lends, one that it borrows in return, and what both came to so far.
package struct SwapEntry: Codable, Sendable {
    package let agreement: AgreementID
    package let peer: NodeID
    package let lent: LeaseID
    package let borrowed: LeaseID
    /// What either side may come to owe while one half is ahead of the other; voided at the end.
    let reservations: [TransferID]
    /// The transfer that moves what is left at the end.
    package let settlement: TransferID
    /// The lease that the agreement is named for, on both sides.
    let lease: LeaseID
    /// What the peer has signed for of what this node lends.
    package internal(set) var given = Microcredits.zero
    /// What this node has signed for of what it borrows.
    package internal(set) var taken = Microcredits.zero
    /// The leases that are settled.
    var settled: Set<LeaseID> = []

    init(_ agreement: Agreement, _ other: OtherHalf, own: NodeID) {
        let isLender = agreement.lender == own
        self.agreement = agreement.id
        peer = isLender ? agreement.borrower : agreement.lender
        (lent, borrowed) = isLender ? (agreement.lease, other.lease) : (other.lease, agreement.lease)
        reservations = [agreement.reservation, other.reservation]
        settlement = other.settlement
        lease = agreement.lease
    }

    var isSettled: Bool { settled.contains(lent) && settled.contains(borrowed) }
}
