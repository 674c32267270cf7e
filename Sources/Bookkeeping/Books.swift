import Resources

/// A node's books: double entry with reservations, mutual credit limits and idempotent transfers.
///
/// After every call, per unit, debits equal credits, posted and pending; every counter is zero or positive; nothing
/// posted exceeds its reservation. A transfer that is refused changes nothing.
package struct Books: Sendable {
    /// How many transfers are remembered unless said otherwise.
    package static let memoryCapacity = 65_536

    private var tally: Tally
    private var lines: [LineKey: TrustLine] = [:]
    private var memory: TransferMemory

    private struct LineKey: Hashable {
        let peer: NodeID
        let unit: LedgerUnit
    }

    /// Empty books.
    ///
    /// - Parameter capacity: how many of the youngest transfer ids to remember. A transfer whose id is older than all of
    ///   them is refused, for it could be a replay.
    package init(remembering capacity: Int = memoryCapacity) {
        self.init(restoring: BooksSnapshot(), remembering: capacity)
    }

    /// Books as they were when `snapshot` was taken.
    package init(restoring snapshot: BooksSnapshot, remembering capacity: Int = memoryCapacity) {
        tally = Tally(entries: snapshot.entries, reservations: snapshot.reservations)
        memory = TransferMemory(snapshot.remembered, horizon: snapshot.horizon, capacity: capacity)
        for line in snapshot.trustLines { set(line) }
    }

    /// All that is needed to go on after a restart.
    package var snapshot: BooksSnapshot {
        BooksSnapshot(
            entries: tally.entries, reservations: tally.reservations, trustLines: trustLines,
            remembered: Array(memory.window), horizon: memory.horizon)
    }
}

// MARK: - Transfers

extension Books {
    /// What ``apply(_:at:)`` did.
    package enum Applied: Hashable, Sendable {
        /// The transfer is booked; its record must be committed.
        case applied
        /// It was booked before; nothing has changed.
        case replayed
    }

    /// Checks a transfer and books it.
    ///
    /// A reservation stays open until a void or expiry closes it, not by the clock alone: the books then depend on the
    /// sequence of transfers only, and whoever reads the ledger later comes to the same result without knowing when
    /// it was read.
    ///
    /// - Parameter isAcknowledged: whether the debtor has signed for the debt already. Limits decide about new trust; a debt
    ///   that both sides have acknowledged is booked even beyond them, and under an id older than those remembered: the
    ///   chain of receipts rules out that it comes twice.
    /// - Throws: ``BooksError`` when it may not be booked; then nothing has changed.
    package mutating func apply(
        _ transfer: Transfer, at now: Moment, isAcknowledged: Bool = false
    ) throws(BooksError) -> Applied {
        guard try admit(transfer, at: now, isAcknowledged: isAcknowledged) else { return .replayed }
        remember(transfer)
        return .applied
    }

    /// Books transfers that belong together, in several units or between several accounts: all of them or none.
    ///
    /// - Returns: ``Applied/replayed`` when all were booked before.
    /// - Throws: ``BooksError`` of the first that may not be booked, or that was booked before while another was not; then nothing has
    ///   changed.
    package mutating func apply(
        linked transfers: [Transfer], at now: Moment, isAcknowledged: Bool = false
    ) throws(BooksError) -> Applied {
        let before = tally
        var isNew: [Bool] = []
        do throws(BooksError) {
            for (place, transfer) in transfers.enumerated() {
                guard !transfers[..<place].contains(where: { $0.id == transfer.id }) else {
                    throw BooksError.conflict(transfer.id)
                }
                isNew.append(try admit(transfer, at: now, isAcknowledged: isAcknowledged))
            }
            guard isNew.allSatisfy(\.self) || !isNew.contains(true) else {
                throw BooksError.conflict(zip(transfers, isNew).first { !$1 }?.0.id ?? transfers[0].id)
            }
        } catch {
            tally = before
            throw error
        }
        guard isNew.contains(true) else { return .replayed }
        for transfer in transfers { remember(transfer) }
        return .applied
    }

    /// Closes a reservation whose deadline has passed, giving back what it still holds.
    ///
    /// - Returns: the transfer booked, to be committed.
    /// - Throws: ``BooksError`` when the reservation is not open or has not lapsed.
    package mutating func expire(_ id: TransferID, using newID: TransferID, at now: Moment) throws(BooksError) -> Transfer {
        guard let reservation = tally.reservation(id) else { throw missing(id) }
        let transfer = reservation.expire(as: newID, at: now.utc)
        _ = try apply(transfer, at: now)
        return transfer
    }

    /// Checks a transfer and enters it.
    ///
    /// - Returns: whether it is new; one that was booked before is not entered again.
    private mutating func admit(_ transfer: Transfer, at now: Moment, isAcknowledged: Bool) throws(BooksError) -> Bool {
        if try isReplay(transfer, isAcknowledged: isAcknowledged) { return false }
        try checkFollowed(transfer)
        try transfer.checkShape()
        try checkTime(of: transfer, at: now)
        if !isAcknowledged { try checkLimits(of: transfer) }
        try tally.enter(transfer)
        return true
    }

    private mutating func remember(_ transfer: Transfer) {
        memory.insert(RememberedTransfer(id: transfer.id, fingerprint: transfer.fingerprint))
        if let of = transfer.of, let fate = RememberedTransfer.Fate(closing: transfer.kind) { memory.close(of, fate) }
    }

    private func isReplay(_ transfer: Transfer, isAcknowledged: Bool) throws(BooksError) -> Bool {
        if let reservation = tally.reservation(transfer.id) {
            guard reservation.transfer == transfer else { throw .conflict(transfer.id) }
            return true
        }
        if let known = memory.find(transfer.id) {
            guard known.fingerprint == transfer.fingerprint else { throw .conflict(transfer.id) }
            return true
        }
        if !isAcknowledged, let horizon = memory.horizon, transfer.id <= horizon { throw .forgotten(transfer.id) }
        return false
    }

    private func checkFollowed(_ transfer: Transfer) throws(BooksError) {
        guard let id = transfer.of, tally.reservation(id) == nil else { return }
        throw missing(id)
    }

    /// Why a reservation that should be open is not there.
    private func missing(_ id: TransferID) -> BooksError {
        switch memory.find(id)?.fate {
        case .void: .closedReservation(id, by: .void)
        case .expire: .closedReservation(id, by: .expire)
        case .some(.none), nil: .unknownReservation(id)
        }
    }

    private func checkTime(of transfer: Transfer, at now: Moment) throws(BooksError) {
        if let expires = transfer.expires, expires.hasPassed(at: now) { throw .lapsedAlready(transfer.id) }
        if transfer.kind == .expire, let id = transfer.of, let reservation = tally.reservation(id),
            !reservation.expires.hasPassed(at: now)
        {
            throw .notLapsed(id)
        }
    }
}

extension RememberedTransfer.Fate {
    /// What a transfer of this kind makes of the reservation it follows; `nil` when it leaves it open.
    package init?(closing kind: Transfer.Kind) {
        switch kind {
        case .void: self = .void
        case .expire: self = .expire
        case .direct, .pending, .post: return nil
        }
    }
}

// MARK: - Reading

extension Books {
    /// What stands on an account in credits; all zero when it was never touched.
    package func balance(of account: Account) -> Balance<Microcredits> { balance(of: account, in: .credit).typed() }

    /// What stands on an account in a unit.
    package func balance(of account: Account, in unit: LedgerUnit) -> Balance<LedgerAmount> {
        tally.balance(of: account, in: unit)
    }

    /// Every account that was ever touched, in order.
    package var entries: [Tally.Entry] { tally.entries }

    /// Whether a transfer of this id was booked, as far as the books remember.
    package func remembers(_ id: TransferID) -> Bool { tally.reservation(id) != nil || memory.find(id) != nil }

    /// Whether an id is older than those remembered, so that nobody can say whether it was booked.
    package func mayHaveForgotten(_ id: TransferID) -> Bool { memory.horizon.map { id <= $0 } ?? false }

    /// An open reservation; `nil` when it was closed or never made.
    package func reservation(_ id: TransferID) -> Reservation? { tally.reservation(id) }

    /// The open reservations, by id.
    package var reservations: [Reservation] { tally.reservations }

    /// Open reservations whose deadline has passed, by id. Each is to be closed with ``expire(_:using:at:)``.
    package func lapsed(at now: Moment) -> [Reservation] {
        tally.unorderedReservations { $0.expires.hasPassed(at: now) }.sorted { $0.id < $1.id }
    }

    /// When the next open reservation lapses, on this boot's clock; in the past when one has lapsed.
    package func nextExpiry(at now: Moment) -> Instant? { tally.earliest { $0.expires.instant(at: now) } }
}

// MARK: - Trust

extension Books {
    /// Sets a trust line. Lowering it below what is owed only stops new debt.
    package mutating func set(_ line: TrustLine) { lines[LineKey(peer: line.peer, unit: line.unit)] = line }

    package func trustLine(with peer: NodeID, in unit: LedgerUnit) -> TrustLine? {
        lines[LineKey(peer: peer, unit: unit)]
    }

    /// The trust lines in a unit, one a peer at the most, by peer.
    package func trustLines(in unit: LedgerUnit) -> [TrustLine] {
        lines.values.filter { $0.unit == unit }.sorted { $0.peer < $1.peer }
    }

    /// All trust lines, by peer and unit: a peer has as many as there are units that it trades in.
    package var trustLines: [TrustLine] {
        lines.values.sorted { ($0.peer, $0.unit.rawValue) < ($1.peer, $1.unit.rawValue) }
    }

    /// How much more the peer may come to owe this node: what was granted minus what it owes, reservations included.
    /// Zero without a trust line.
    package func headroom(toOweBy peer: NodeID, in unit: LedgerUnit) -> LedgerAmount {
        guard let line = trustLine(with: peer, in: unit) else { return .zero }
        return clamped(Int128(line.granted.rawValue) - owed(by: peer, in: unit))
    }

    /// How much more this node may come to owe the peer: the lower of both limits minus what it owes, reservations
    /// included. Zero without a trust line.
    package func headroom(weMayOwe peer: NodeID, in unit: LedgerUnit) -> LedgerAmount {
        guard let line = trustLine(with: peer, in: unit) else { return .zero }
        return clamped(Int128(line.mayOwe.rawValue) - owed(to: peer, in: unit))
    }

    /// What the peer owes this node, reservations included; zero when it owes nothing.
    package func debt(of peer: NodeID, in unit: LedgerUnit) -> LedgerAmount { clamped(owed(by: peer, in: unit)) }

    // The same in credits.

    package func trustLine(with peer: NodeID) -> TrustLine? { trustLine(with: peer, in: .credit) }
    package func headroom(toOweBy peer: NodeID) -> Microcredits { Microcredits(headroom(toOweBy: peer, in: .credit)) }
    package func headroom(weMayOwe peer: NodeID) -> Microcredits { Microcredits(headroom(weMayOwe: peer, in: .credit)) }
    package func debt(of peer: NodeID) -> Microcredits { Microcredits(debt(of: peer, in: .credit)) }

    private func owed(by peer: NodeID, in unit: LedgerUnit) -> Int128 {
        let balance = balance(of: .peer(peer), in: unit)
        #if Defects
            if Defect.active == .limitsForgetReservations { return Int128(balance.net.rawValue) }
        #endif
        return Int128(balance.net.rawValue) + Int128(balance.debitsPending.rawValue)
    }

    private func owed(to peer: NodeID, in unit: LedgerUnit) -> Int128 {
        let balance = balance(of: .peer(peer), in: unit)
        #if Defects
            if Defect.active == .limitsForgetReservations { return -Int128(balance.net.rawValue) }
        #endif
        return Int128(balance.creditsPending.rawValue) - Int128(balance.net.rawValue)
    }

    private func clamped(_ amount: Int128) -> LedgerAmount { LedgerAmount(Int64(clamping: max(0, amount))) }

    /// Limits bind what is newly reserved or owed. A post only turns reserved debt into posted debt, and a direct
    /// transfer that does no more than reduce a debt is always welcome.
    private func checkLimits(of transfer: Transfer) throws(BooksError) {
        guard !transfer.kind.followsReservation else { return }
        if case .peer(let peer) = transfer.debit { try checkPeerLimit(of: peer, for: transfer) }
        if case .peer(let peer) = transfer.credit { try checkOwnLimit(with: peer, for: transfer) }
    }

    private func checkPeerLimit(of peer: NodeID, for transfer: Transfer) throws(BooksError) {
        let net = balance(of: .peer(peer), in: transfer.unit).net
        if transfer.kind == .direct, Int128(net.rawValue) + Int128(transfer.amount.rawValue) <= 0 { return }
        guard let line = trustLine(with: peer, in: transfer.unit) else { throw .noTrustLine(peer, transfer.unit) }
        let after = owed(by: peer, in: transfer.unit) + Int128(transfer.amount.rawValue)
        guard after <= Int128(line.granted.rawValue) else {
            throw .peerLimit(peer, transfer.unit, owed: clamped(after), granted: line.granted)
        }
    }

    private func checkOwnLimit(with peer: NodeID, for transfer: Transfer) throws(BooksError) {
        let net = balance(of: .peer(peer), in: transfer.unit).net
        if transfer.kind == .direct, Int128(transfer.amount.rawValue) <= Int128(net.rawValue) { return }
        guard let line = trustLine(with: peer, in: transfer.unit) else { throw .noTrustLine(peer, transfer.unit) }
        let after = owed(to: peer, in: transfer.unit) + Int128(transfer.amount.rawValue)
        guard after <= Int128(line.mayOwe.rawValue) else {
            throw .ownLimit(peer, transfer.unit, owed: clamped(after), mayOwe: line.mayOwe)
        }
    }
}
