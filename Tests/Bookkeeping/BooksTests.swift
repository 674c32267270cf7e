import Bookkeeping
import Resources
import Testing

@Suite("Books")
struct BooksTests {
    @Test("a reservation counts as pending on both accounts, and a post moves it to posted")
    func reserveAndPost() throws {
        var books = books()
        #expect(try books.apply(lend(1, 100), at: start) == .applied)
        #expect(books.balance(of: .peer(peer)) == Balance(debitsPending: 100))
        #expect(books.balance(of: .earned) == Balance(creditsPending: 100))

        let reservation = try #require(books.reservation(transferID(1)))
        _ = try books.apply(reservation.post(30, as: transferID(2), at: start.utc), at: start)
        #expect(books.balance(of: .peer(peer)) == Balance(debitsPosted: 30, debitsPending: 70))
        #expect(books.balance(of: .earned) == Balance(creditsPosted: 30, creditsPending: 70))
        #expect(books.reservation(transferID(1))?.remaining == 70)
        #expect(books.reservation(transferID(1))?.posted == 30)
        #expect(books.balance(of: .peer(peer)).net == 30)
    }

    @Test("a reservation may be posted in parts, but never beyond what it holds")
    func partialPosts() throws {
        var books = books()
        _ = try books.apply(lend(1, 100), at: start)
        let reservation = try #require(books.reservation(transferID(1)))
        _ = try books.apply(reservation.post(60, as: transferID(2), at: start.utc), at: start)
        let before = books.snapshot
        #expect(throws: BooksError.exceedsReservation(transferID(1), asked: 41, remaining: 40)) {
            try books.apply(reservation.post(41, as: transferID(3), at: start.utc), at: start)
        }
        #expect(books.snapshot == before)
        _ = try books.apply(reservation.post(40, as: transferID(3), at: start.utc), at: start)
        #expect(books.reservation(transferID(1))?.remaining == 0)
    }

    @Test("a void gives back exactly what is left and closes the reservation")
    func void() throws {
        var books = books()
        _ = try books.apply(lend(1, 100), at: start)
        let fresh = try #require(books.reservation(transferID(1)))
        _ = try books.apply(fresh.post(30, as: transferID(2), at: start.utc), at: start)
        #expect(throws: BooksError.wrongRemainder(transferID(1), stated: 100, remaining: 70)) {
            try books.apply(fresh.void(as: transferID(3), at: start.utc), at: start)
        }
        let left = try #require(books.reservation(transferID(1)))
        _ = try books.apply(left.void(as: transferID(3), at: start.utc), at: start)
        #expect(books.balance(of: .peer(peer)) == Balance(debitsPosted: 30))
        #expect(books.reservation(transferID(1)) == nil)
        #expect(throws: BooksError.closedReservation(transferID(1), by: .void)) {
            try books.apply(left.post(1, as: transferID(4), at: start.utc), at: start)
        }
    }

    @Test("a reservation lapses at its deadline, not before, and is then closed for posts")
    func expiry() throws {
        var books = books()
        _ = try books.apply(lend(2, 100, for: 60), at: start)
        _ = try books.apply(lend(1, 50, for: 30), at: start)
        #expect(books.nextExpiry(at: start) == moment(30).instant)
        #expect(books.lapsed(at: moment(29)).isEmpty)
        #expect(books.lapsed(at: moment(60)).map(\.id) == [transferID(1), transferID(2)])
        #expect(throws: BooksError.notLapsed(transferID(2))) {
            try books.expire(transferID(2), using: transferID(8), at: moment(59))
        }
        let transfer = try books.expire(transferID(2), using: transferID(9), at: moment(60))
        #expect(transfer.kind == .expire && transfer.amount == 100 && transfer.of == transferID(2))
        #expect(books.balance(of: .peer(peer)) == Balance(debitsPending: 50))
        #expect(throws: BooksError.closedReservation(transferID(2), by: .expire)) {
            try books.expire(transferID(2), using: transferID(10), at: moment(61))
        }
    }

    @Test("after a reboot a deadline counts in UTC")
    func expiryAfterReboot() throws {
        var books = books()
        _ = try books.apply(lend(1, 100, for: 60), at: start)
        let rebooted = Moment(boot: BootID("boot-2"), instant: Instant(microseconds: 5_000_000), utc: moment(50).utc)
        #expect(books.lapsed(at: rebooted).isEmpty)
        #expect(books.nextExpiry(at: rebooted) == Instant(microseconds: 15_000_000))
        #expect(books.lapsed(at: rebooted + .seconds(10)).count == 1)
    }

    @Test("the same transfer again changes nothing; the same id with other content is an error")
    func replay() throws {
        var books = books()
        _ = try books.apply(lend(1, 100), at: start)
        let reservation = try #require(books.reservation(transferID(1)))
        let post = reservation.post(40, as: transferID(2), at: start.utc)
        _ = try books.apply(post, at: start)
        _ = try books.apply(try #require(books.reservation(transferID(1))).void(as: transferID(3), at: start.utc), at: start)
        let before = books.snapshot
        #expect(try books.apply(lend(1, 100), at: moment(1000)) == .replayed)
        #expect(try books.apply(post, at: moment(1000)) == .replayed)
        for id in [transferID(1), transferID(2), transferID(3)] {
            var other = lend(1, 99)
            other.id = id
            #expect(throws: BooksError.conflict(id)) { try books.apply(other, at: start) }
        }
        #expect(books.snapshot == before)
    }

    @Test("an id older than all that are remembered is refused, a remembered one still answered")
    func forgotten() throws {
        var books = books(remembering: 8)
        for n in 10...40 { _ = try books.apply(direct(UInt64(n), from: .spent, to: .earned, 1), at: start) }
        #expect(books.snapshot.horizon == transferID(32))
        #expect(throws: BooksError.forgotten(transferID(32))) {
            try books.apply(direct(32, from: .spent, to: .earned, 1), at: start)
        }
        #expect(try books.apply(direct(33, from: .spent, to: .earned, 1), at: start) == .replayed)
        #expect(books.balance(of: .earned).creditsPosted == 31)
    }

    @Test("an open reservation is answered as before however long ago it was made")
    func oldReservation() throws {
        var books = books(remembering: 4)
        _ = try books.apply(lend(1, 100), at: start)
        for n in 10...40 { _ = try books.apply(direct(UInt64(n), from: .spent, to: .earned, 1), at: start) }
        #expect(try books.apply(lend(1, 100), at: start) == .replayed)
        #expect(throws: BooksError.conflict(transferID(1))) { try books.apply(lend(1, 101), at: start) }
    }

    @Test(
        "a transfer that contradicts itself is refused",
        arguments: [
            direct(1, from: .earned, to: .earned, 1),
            direct(1, from: .earned, to: .spent, -1),
            direct(1, from: .earned, to: .spent, Bounds.money + 1),
            direct(1, from: .earned, to: .spent, Microcredits(.max)),
            Transfer(id: transferID(1), kind: .pending, debit: .peer(peer), credit: .earned, amount: 1, at: start.utc),
            Transfer(id: transferID(1), kind: .post, debit: .peer(peer), credit: .earned, amount: 1, at: start.utc),
            Transfer(
                id: transferID(1), kind: .direct, debit: .spent, credit: .earned, amount: 1, of: transferID(2), at: start.utc),
            Transfer(
                id: transferID(1), kind: .direct, debit: .spent, credit: .earned, amount: 1, expires: Deadline(moment(9)),
                at: start.utc),
            lend(1, 1, for: 0),
        ])
    func malformed(_ transfer: Transfer) {
        var books = books()
        let before = books.snapshot
        #expect(throws: BooksError.self) { try books.apply(transfer, at: start) }
        #expect(books.snapshot == before)
    }

    @Test("what follows a reservation must have its accounts, unit and lease")
    func otherAccounts() throws {
        var books = books()
        _ = try books.apply(lend(1, 100), at: start)
        var post = try #require(books.reservation(transferID(1))).post(10, as: transferID(2), at: start.utc)
        post.credit = .disputed(peer)
        #expect(throws: BooksError.self) { try books.apply(post, at: start) }
        post.credit = .earned
        post.of = transferID(7)
        #expect(throws: BooksError.unknownReservation(transferID(7))) { try books.apply(post, at: start) }
    }

    @Test("a counter never leaves 64 bits")
    func overflow() throws {
        var books = Books()
        let fits = UInt64(Int64.max / Bounds.money.rawValue)
        for n in 1...fits { _ = try books.apply(direct(n, from: .spent, to: .earned, Bounds.money), at: start) }
        let before = books.snapshot
        #expect(throws: BooksError.overflow(.spent)) {
            try books.apply(direct(fits + 1, from: .spent, to: .earned, Bounds.money), at: start)
        }
        #expect(books.snapshot == before)
    }
}
