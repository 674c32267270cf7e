import Resources

/// Why the books refuse a transfer. Nothing has changed when one is thrown.
package enum BooksError: Error, Hashable, Sendable {
    /// The id was used before, for something else.
    case conflict(TransferID)
    /// The id is older than those the books remember, so that a replay could not be told from a new transfer.
    case forgotten(TransferID)
    /// The transfer contradicts itself; the text says how.
    case malformed(TransferID, String)
    /// The amount is negative or above ``Bounds/money``.
    case amountOutOfRange(TransferID, Microcredits)
    /// A counter of the account would leave 64 bits.
    case overflow(Account)
    /// Nothing can be reserved or newly owed without a trust line.
    case noTrustLine(NodeID)
    /// The peer would owe more than was granted to it. `owed` includes reservations and this transfer.
    case peerLimit(NodeID, owed: Microcredits, granted: Microcredits)
    /// This node would owe more than both sides agreed to. `owed` includes reservations and this transfer.
    case ownLimit(NodeID, owed: Microcredits, mayOwe: Microcredits)
    /// No such reservation was made, or so long ago that it is forgotten.
    case unknownReservation(TransferID)
    /// The reservation was closed before, by a void or an expiry.
    case closedReservation(TransferID, by: Transfer.Kind)
    /// A post of more than the reservation still holds.
    case exceedsReservation(TransferID, asked: Microcredits, remaining: Microcredits)
    /// A void or expiry that does not give back exactly what the reservation still holds.
    case wrongRemainder(TransferID, stated: Microcredits, remaining: Microcredits)
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
        case .amountOutOfRange(let id, let amount): "\(id) is over \(amount); amounts are 0 to \(Bounds.money)"
        case .overflow(let account): "account \(account) cannot hold that much"
        case .noTrustLine(let peer): "there is no trust line with \(peer); set one first"
        case .peerLimit(let peer, let owed, let granted): "\(peer) would owe \(owed.text), its limit is \(granted.text)"
        case .ownLimit(let peer, let owed, let limit): "this node would owe \(peer) \(owed.text), the limit is \(limit.text)"
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
