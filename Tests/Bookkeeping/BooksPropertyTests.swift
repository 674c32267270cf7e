import Bookkeeping
import Resources
import Testing

@Suite("Books under random transfers")
struct BooksPropertyTests {
    private static let peers = (1...4).map { node($0) }

    @Test(
        "every sequence keeps debits equal to credits, counters positive, and debts within limits",
        arguments: 0..<40 as Range<UInt64>)
    func invariants(seed: UInt64) throws {
        var random = RandomTransfers(seed: seed, peers: Self.peers)
        var books = random.openBooks(remembering: 64)
        var applied = 0
        for _ in 0..<400 {
            let (transfer, now) = random.next(for: books)
            let before = books
            do {
                applied += try books.apply(transfer, at: now) == .applied ? 1 : 0
            } catch {
                #expect(books.snapshot == before.snapshot, "a refused transfer changed something: \(error)")
            }
            expectBalanced(books)
            for peer in Self.peers { expectWithinLimits(transfer, peer, before: before, after: books) }
        }
        #expect(applied > 100)
    }

    @Test("replaying any remembered transfer changes nothing", arguments: 0..<20 as Range<UInt64>)
    func replay(seed: UInt64) throws {
        var random = RandomTransfers(seed: seed, peers: Self.peers)
        var books = random.openBooks(remembering: 1000)
        var past: [Transfer] = []
        for _ in 0..<300 {
            let (transfer, now) = random.next(for: books)
            if (try? books.apply(transfer, at: now)) == .applied { past.append(transfer) }
            guard let old = past.randomElement(using: &random.generator) else { continue }
            let before = books.snapshot
            #expect(try books.apply(old, at: now) == .replayed)
            #expect(books.snapshot == before)
        }
    }

    @Test("books restored from their snapshot go on exactly as the running ones", arguments: 0..<20 as Range<UInt64>)
    func restore(seed: UInt64) throws {
        var random = RandomTransfers(seed: seed, peers: Self.peers)
        var running = random.openBooks(remembering: 32)
        var restored = running
        for step in 0..<400 {
            if step.isMultiple(of: 7) { restored = Books(restoring: running.snapshot, remembering: 32) }
            let (transfer, now) = random.next(for: running)
            let one = Result { () throws(BooksError) in try running.apply(transfer, at: now) }
            let other = Result { () throws(BooksError) in try restored.apply(transfer, at: now) }
            #expect(one == other)
            #expect(running.snapshot == restored.snapshot)
            #expect(running.lapsed(at: now) == restored.lapsed(at: now))
            #expect(running.nextExpiry(at: now) == restored.nextExpiry(at: now))
        }
    }

    private func expectBalanced(_ books: Books) {
        for unit in Charge.units { expectBalanced(books, in: unit) }
    }

    private func expectBalanced(_ books: Books, in unit: LedgerUnit) {
        let balances = books.entries.filter { $0.line.unit == unit }.map(\.balance)
        let reservations = books.reservations.filter { $0.transfer.unit == unit }
        #expect(balances.map(\.debitsPosted).reduce(.zero, +) == balances.map(\.creditsPosted).reduce(.zero, +))
        #expect(balances.map(\.debitsPending).reduce(.zero, +) == balances.map(\.creditsPending).reduce(.zero, +))
        #expect(balances.map(\.debitsPending).reduce(.zero, +) == reservations.map(\.remaining).reduce(.zero, +))
        for balance in balances {
            #expect(min(balance.debitsPosted, balance.creditsPosted, balance.debitsPending, balance.creditsPending) >= 0)
        }
        for reservation in reservations { #expect(reservation.remaining >= 0 && reservation.posted >= 0) }
    }

    /// No transfer takes a debt, reservations included, beyond its limit, but for a direct one that pays back what the
    /// other side owed: then reservations made against that debt stay as they are.
    private func expectWithinLimits(_ transfer: Transfer, _ peer: NodeID, before: Books, after: Books) {
        let unit = transfer.unit
        let (old, new) = (before.balance(of: .peer(peer), in: unit), after.balance(of: .peer(peer), in: unit))
        let line = after.trustLine(with: peer, in: unit)
        let paysBack = transfer.kind == .direct && abs(new.net.rawValue) < abs(old.net.rawValue)
        #expect(paysBack || owedToUs(new) <= max(owedToUs(old), line?.granted ?? 0))
        #expect(paysBack || owedByUs(new) <= max(owedByUs(old), line?.mayOwe ?? 0))
    }

    private func owedToUs(_ balance: Balance<LedgerAmount>) -> LedgerAmount { balance.net + balance.debitsPending }
    private func owedByUs(_ balance: Balance<LedgerAmount>) -> LedgerAmount { balance.creditsPending - balance.net }
}

/// Plausible and implausible transfers on a clock that moves on by itself.
private struct RandomTransfers {
    var generator: SeededGenerator
    private let peers: [NodeID]
    private var now = start
    private var count: UInt64 = 1000

    init(seed: UInt64, peers: [NodeID]) {
        generator = SeededGenerator(seed: seed)
        self.peers = peers
    }

    mutating func openBooks(remembering capacity: Int) -> Books {
        var books = Books(remembering: capacity)
        for peer in peers.dropLast() {
            for unit in Charge.units {
                books.set(
                    TrustLine(
                        peer: peer, unit: unit, granted: LedgerAmount(.random(in: 0...2000, using: &generator)),
                        received: LedgerAmount(.random(in: 0...2000, using: &generator)), ownCeiling: 1000))
            }
        }
        return books
    }

    mutating func next(for books: Books) -> (Transfer, Moment) {
        now = now + generator.span(.zero ... .seconds(3))
        count += 1
        // Ids come nearly in order, now and then out of it or twice.
        let id = transferID(generator.chance(.percent(10)) ? count - .random(in: 0...40, using: &generator) : count)
        let amount = LedgerAmount(.random(in: -5...300, using: &generator))
        if let reservation = books.reservations.randomElement(using: &generator), generator.chance(.percent(60)) {
            return (follow(reservation, id: id, amount: amount), now)
        }
        let accounts = peers.map(Account.peer) + [.earned, .spent, .disputed(peers[0])]
        var transfer = Transfer(
            id: id, kind: .direct, unit: Charge.units.randomElement(using: &generator) ?? .credit,
            debit: accounts.randomElement(using: &generator) ?? .spent,
            credit: accounts.randomElement(using: &generator) ?? .earned, amount: amount, at: now.utc)
        if generator.chance(.percent(70)) {
            transfer.kind = .pending
            transfer.expires = Deadline(generator.span(.zero ... .seconds(60)), after: now)
        }
        return (transfer, now)
    }

    private mutating func follow(_ reservation: Reservation, id: TransferID, amount: LedgerAmount) -> Transfer {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: reservation.void(as: id, at: now.utc)
        case 1: reservation.expire(as: id, at: now.utc)
        default: reservation.post(amount, as: id, at: now.utc)
        }
    }
}
