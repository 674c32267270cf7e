import Resources

/// Why the books refuse a transfer. Nothing has changed when one is thrown.
package enum BooksError: Error, Hashable, Sendable {
    /// The id was used before, for something else.
    case conflict(TransferID)
    /// The id is older than those the books remember, so that a replay could not be told from a new transfer.
    case forgotten(TransferID)
    /// The transfer contradicts itself; the text says how.
    case malformed(TransferID, String)
    /// The amount is negative or above ``LedgerAmount/most``.
    case amountOutOfRange(TransferID, LedgerAmount)
    /// A counter of the account would leave 64 bits.
    case overflow(Account)
    /// Nothing can be reserved or newly owed without a trust line.
    case noTrustLine(NodeID, LedgerUnit)
    /// The peer would owe more than was granted to it. `owed` includes reservations and this transfer.
    case peerLimit(NodeID, LedgerUnit, owed: LedgerAmount, granted: LedgerAmount)
    /// This node would owe more than both sides agreed to. `owed` includes reservations and this transfer.
    case ownLimit(NodeID, LedgerUnit, owed: LedgerAmount, mayOwe: LedgerAmount)
    /// No such reservation was made, or so long ago that it is forgotten.
    case unknownReservation(TransferID)
    /// The reservation was closed before, by a void or an expiry.
    case closedReservation(TransferID, by: Transfer.Kind)
    /// A post of more than the reservation still holds.
    case exceedsReservation(TransferID, asked: LedgerAmount, remaining: LedgerAmount)
    /// A void or expiry that does not give back exactly what the reservation still holds.
    case wrongRemainder(TransferID, stated: LedgerAmount, remaining: LedgerAmount)
    /// A reservation made to lapse in the past.
    case lapsedAlready(TransferID)
    /// An expiry before the reservation's deadline.
    case notLapsed(TransferID)
}

extension BooksError: CustomStringConvertible {
    package var description: String { "failed to book: " + reason }

    private var reason: String {
        switch self {
        case .conflict(let id): "\(id) was used before for another transfer; a new transfer needs a new id"
        case .forgotten(let id): "\(id) is older than the ids still remembered; a new transfer needs a new id"
        case .malformed(let id, let fault): "\(id) \(fault)"
        case .amountOutOfRange(let id, let amount): "\(id) is over \(amount); amounts are 0 to \(LedgerAmount.most)"
        case .overflow(let account): "account \(account) cannot hold that much"
        case .noTrustLine(let peer, let unit):
            "there is no trust line with \(peer)\(unit == .credit ? "" : " in kind"); set one first"
        case .peerLimit(let peer, let unit, let owed, let granted):
            "\(peer) would owe \(unit.text(owed)), its limit is \(unit.text(granted))"
        case .ownLimit(let peer, let unit, let owed, let limit):
            "this node would owe \(peer) \(unit.text(owed)), the limit is \(unit.text(limit))"
        case .unknownReservation(let id): "there is no reservation \(id)"
        case .closedReservation(let id, let kind):
            "reservation \(id) is closed: \(kind == .expire ? "it expired" : "it was voided")"
        case .exceedsReservation(let id, let asked, let remaining): "reservation \(id) holds \(remaining), less than \(asked)"
        case .wrongRemainder(let id, let stated, let remaining): "reservation \(id) holds \(remaining), not \(stated)"
        case .lapsedAlready(let id): "reservation \(id) would lapse before it begins"
        case .notLapsed(let id): "reservation \(id) has not lapsed yet"
        }
    }
}
