import Bookkeeping
import Resources

/// Books that random, valid transfers are entered into, each returned to be committed.
struct RandomBooks {
    private(set) var books: Books
    var generator: SeededGenerator
    private var now = start
    private var count = 1000

    init(seed: UInt64, remembering capacity: Int = Books.memoryCapacity) {
        books = Books(remembering: capacity)
        generator = SeededGenerator(seed: seed)
    }

    /// Trust lines, to be committed first.
    mutating func open() -> [Record] {
        (1...3 as ClosedRange<UInt64>).flatMap { n in
            Charge.units.map { unit in
                let line = TrustLine(
                    peer: NodeID(high: 2, low: n), unit: unit, granted: 100_000, received: n == 1 ? nil : 50_000,
                    ownCeiling: 80_000)
                books.set(line)
                return .trustLine(line)
            }
        }
    }

    /// A few transfers that were booked.
    mutating func next(_ wanted: Int) -> [Transfer] {
        var booked: [Transfer] = []
        while booked.count < wanted {
            let transfer = candidate()
            if (try? books.apply(transfer, at: now)) == .applied { booked.append(transfer) }
        }
        return booked
    }

    /// The earlier books, as of now: what a replay is answered from.
    mutating func replay(_ transfer: Transfer) throws -> Books.Applied { try books.apply(transfer, at: now) }

    private mutating func candidate() -> Transfer {
        now = now + generator.span(.zero ... .seconds(2))
        count += 1
        // Ids made by several nodes come nearly in order.
        let id = transferID(count * 4 - .random(in: 0...10, using: &generator))
        let amount = LedgerAmount(.random(in: 0...500, using: &generator))
        if let open = books.reservations.randomElement(using: &generator), generator.chance(.percent(65)) {
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return open.void(as: id, at: now.utc)
            case 1: return open.expire(as: id, at: now.utc)
            default: return open.post(amount, as: id, at: now.utc)
            }
        }
        let account = Account.peer(NodeID(high: 2, low: .random(in: 1...3, using: &generator)))
        let borrows = generator.chance(.percent(40))
        let lease = generator.chance(.percent(50)) ? LeaseID(high: 4, low: UInt64(count)) : nil
        return Transfer(
            id: id, kind: generator.chance(.percent(80)) ? .pending : .direct,
            unit: Charge.units.randomElement(using: &generator) ?? .credit, debit: borrows ? .spent : account,
            credit: borrows ? account : .earned, amount: amount, lease: lease, at: now.utc
        ).withDeadline(generator.span(.seconds(1) ... .seconds(60)), after: now)
    }
}

extension Transfer {
    fileprivate func withDeadline(_ span: Microseconds, after now: Moment) -> Transfer {
        var result = self
        result.expires = kind == .pending ? Deadline(span, after: now) : nil
        return result
    }
}
