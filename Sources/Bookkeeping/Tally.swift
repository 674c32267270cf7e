import Resources

/// The arithmetic of double entry, without limits and without memory of ids: balances and open reservations as a
/// sequence of transfers leaves them. ``Books`` adds the rules of admission; verification recounts with it.
package struct Tally: Hashable, Sendable {
    private var balances: [Line: Balance<LedgerAmount>] = [:]
    private var open: [TransferID: Reservation] = [:]

    /// One account in one unit.
    package struct Line: Hashable, Comparable, Sendable {
        package let account: Account
        package let unit: LedgerUnit

        package init(_ account: Account, _ unit: LedgerUnit) {
            self.account = account
            self.unit = unit
        }

        package static func < (a: Line, b: Line) -> Bool {
            a.unit == b.unit ? a.account < b.account : a.unit.rawValue < b.unit.rawValue
        }
    }

    /// A line and what stands on it.
    package struct Entry: Hashable, Sendable {
        package let line: Line
        package let balance: Balance<LedgerAmount>

        package init(_ line: Line, _ balance: Balance<LedgerAmount>) {
            self.line = line
            self.balance = balance
        }
    }

    package init() {}

    /// Continues from where a tally stood.
    package init(entries: [Entry], reservations: [Reservation]) {
        for entry in entries { balances[entry.line] = entry.balance }
        for reservation in reservations { open[reservation.id] = reservation }
    }

    /// Every account that was ever touched, in order.
    package var entries: [Entry] {
        balances.sorted { $0.key < $1.key }.map { Entry($0.key, $0.value) }
    }

    /// The open reservations, by id.
    package var reservations: [Reservation] { open.values.sorted { $0.id < $1.id } }

    package func balance(of account: Account, in unit: LedgerUnit) -> Balance<LedgerAmount> {
        balances[Line(account, unit)] ?? .zero
    }

    package func reservation(_ id: TransferID) -> Reservation? { open[id] }

    /// Those open reservations for which `condition` holds, in no particular order: sort what leaves the core.
    func unorderedReservations(where condition: (Reservation) -> Bool) -> [Reservation] {
        open.values.filter(condition)
    }

    /// The earliest that `key` gives for an open reservation.
    func earliest<Key: Comparable>(_ key: (Reservation) -> Key) -> Key? { open.values.lazy.map(key).min() }

    /// Enters one transfer.
    ///
    /// - Throws: ``BooksError`` when the transfer contradicts itself, its reservation or the range of the counters;
    ///   then nothing has changed.
    package mutating func enter(_ transfer: Transfer) throws(BooksError) {
        try transfer.checkShape()
        let change = try change(by: transfer)
        let effect = Effect(of: transfer)
        let debit = Line(transfer.debit, transfer.unit)
        let credit = Line(transfer.credit, transfer.unit)
        guard let debited = (balances[debit] ?? .zero).debited(effect) else { throw .overflow(transfer.debit) }
        guard let credited = (balances[credit] ?? .zero).credited(effect) else { throw .overflow(transfer.credit) }
        balances[debit] = debited
        #if Defects
            if Defect.active == .oneSidedEntry, transfer.kind == .void {
                open[transfer.of ?? transfer.id] = nil
                return
            }
        #endif
        balances[credit] = credited
        if let change { open[change.id] = change.after }
    }

    /// Which reservation the transfer changes, if any, and how it leaves it; `nil` where it closes it.
    private func change(by transfer: Transfer) throws(BooksError) -> (id: TransferID, after: Reservation?)? {
        switch transfer.kind {
        case .direct: return nil
        case .pending:
            guard open[transfer.id] == nil else { throw .conflict(transfer.id) }
            return (transfer.id, Reservation(transfer))
        case .post:
            var reservation = try origin(of: transfer)
            guard transfer.amount <= reservation.remaining else {
                throw .exceedsReservation(reservation.id, asked: transfer.amount, remaining: reservation.remaining)
            }
            reservation.posted += transfer.amount
            return (reservation.id, reservation)
        case .void, .expire:
            let reservation = try origin(of: transfer)
            guard transfer.amount == reservation.remaining else {
                throw .wrongRemainder(reservation.id, stated: transfer.amount, remaining: reservation.remaining)
            }
            return (reservation.id, nil)
        }
    }

    /// The reservation that a post, void or expiry belongs to, after checking that it is about the same thing.
    private func origin(of transfer: Transfer) throws(BooksError) -> Reservation {
        guard let id = transfer.of else { throw .malformed(transfer.id, "names no reservation") }
        guard let reservation = open[id] else { throw .unknownReservation(id) }
        let origin = reservation.transfer
        guard (transfer.debit, transfer.credit) == (origin.debit, origin.credit), transfer.unit == origin.unit,
            transfer.lease == origin.lease
        else { throw .malformed(transfer.id, "does not have the accounts, unit and lease of its reservation \(id)") }
        return reservation
    }
}

extension Transfer {
    /// - Throws: ``BooksError`` when the amount is out of range, both accounts are the same, or a field is there that
    ///   the kind does not have, or is missing.
    func checkShape() throws(BooksError) {
        guard amount >= .zero, amount <= .most else { throw .amountOutOfRange(id, amount) }
        guard debit != credit else { throw .malformed(id, "debits and credits the same account \(debit)") }
        guard (kind == .pending) == (expires != nil) else {
            throw .malformed(id, "must have a deadline if, and only if, it reserves")
        }
        guard kind.followsReservation == (of != nil) else {
            throw .malformed(id, "must name a reservation if, and only if, it posts, voids or expires one")
        }
    }
}
