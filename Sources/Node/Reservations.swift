import Bookkeeping
import Resources
import Trading

// What is set aside in the books for leases, until receipts post it or it is given back.

extension Node {
    /// What reserves the most that either side may come to owe under an agreement, as this side books it.
    func reservations(of agreement: Agreement, at now: Moment) -> [Transfer] {
        func reserve(_ agreement: Agreement, lapsing span: Microseconds) -> [Transfer] {
            let isLender = agreement.lender == id
            let peer = isLender ? agreement.borrower : agreement.lender
            let own: Account = agreement.other != nil ? .swap(peer) : isLender ? .earned : .spent
            let (debit, credit) = isLender ? (.peer(peer), own) : (own, Account.peer(peer))
            return Transfer.reservations(
                agreement.reservation, debit: debit, credit: credit, agreement.terms.ceiling, lease: agreement.lease,
                lapsing: span + Timing.reservationGrace, at: now)
        }
        let wait = agreement.terms.wait(at: now.utc)
        guard let mirrored = agreement.mirrored else { return reserve(agreement, lapsing: wait + agreement.terms.term) }
        let longest = max(agreement.terms.term, mirrored.terms.term)
        return reserve(agreement, lapsing: longest) + reserve(mirrored, lapsing: longest)
    }

    /// Gives back what an agreement that came to nothing had reserved.
    mutating func voidReservations(of agreement: Agreement, _ step: inout Step) {
        void(agreement.reservation, &step)
        if let other = agreement.other { void(other.reservation, &step) }
    }

    /// Gives back what a reservation still holds, in all units.
    mutating func void(_ reservation: TransferID, _ step: inout Step) {
        for unit in Charge.units {
            guard let open = books.reservation(reservation.following(unit.offset)) else { continue }
            enter([open.void(as: step.newID(), at: step.now.utc)], &step)
        }
    }

    /// What is still reserved for a lease.
    package func reserved(for entry: LeaseEntry) -> Charge {
        entry.reservations.reduce(.zero) { sum, part in
            var sum = sum
            for unit in Charge.units {
                guard let open = books.reservation(part.transfer.following(unit.offset)) else { continue }
                sum[unit] = sum[unit] + open.remaining
            }
            return sum
        }
    }
}

extension Transfer {
    /// What reserves the most that a term can come to: one transfer for each unit, that in credits always.
    static func reservations(
        _ id: TransferID, debit: Account, credit: Account, _ most: Charge, lease: LeaseID, lapsing span: Microseconds,
        at now: Moment
    ) -> [Transfer] {
        let expires = Deadline(span, after: now)
        return Charge.units.filter { $0 == .credit || most[$0] != .zero }.map { unit in
            Transfer(
                id: id.following(unit.offset), kind: .pending, unit: unit, debit: debit, credit: credit, amount: most[unit],
                lease: lease, expires: expires, at: now.utc)
        }
    }
}
