import Bookkeeping
import Resources
import Testing

@Suite("Trust limits")
struct TrustLimitTests {
    @Test("nothing can be reserved without a trust line")
    func noLine() {
        var books = Books()
        #expect(throws: BooksError.noTrustLine(peer, .credit)) { try books.apply(lend(1, 0), at: start) }
        #expect(throws: BooksError.noTrustLine(peer, .credit)) { try books.apply(borrow(1, 1), at: start) }
        #expect(books.headroom(toOweBy: peer) == 0)
        #expect(books.headroom(weMayOwe: peer) == 0)
    }

    @Test("posted and reserved debt of a peer stay within what it was granted")
    func peerLimit() throws {
        var books = books()
        _ = try books.apply(lend(1, 600), at: start)
        _ = try books.apply(try #require(books.reservation(transferID(1))).post(600, as: transferID(2), at: start.utc), at: start)
        #expect(books.headroom(toOweBy: peer) == 400)
        #expect(throws: BooksError.peerLimit(peer, .credit, owed: 1001, granted: 1000)) {
            try books.apply(lend(3, 401), at: start)
        }
        _ = try books.apply(lend(3, 400), at: start)
        #expect(books.headroom(toOweBy: peer) == 0)
    }

    @Test("what this node owes stays within the lower of both sides' limits")
    func ownLimit() throws {
        var books = books()
        #expect(books.headroom(weMayOwe: peer) == 500)
        #expect(throws: BooksError.ownLimit(peer, .credit, owed: 501, mayOwe: 500)) { try books.apply(borrow(1, 501), at: start) }
        books.set(TrustLine(peer: peer, granted: 1000, received: 200, ownCeiling: 500))
        #expect(throws: BooksError.ownLimit(peer, .credit, owed: 201, mayOwe: 200)) { try books.apply(borrow(1, 201), at: start) }
        _ = try books.apply(borrow(1, 200), at: start)
    }

    @Test("reserved debt of one side does not make room for the other's")
    func pendingIsNotNetted() throws {
        var books = books()
        _ = try books.apply(borrow(1, 500), at: start)
        #expect(books.headroom(toOweBy: peer) == 1000)
        _ = try books.apply(lend(2, 1000), at: start)
        #expect(throws: BooksError.self) { try books.apply(lend(3, 1), at: start) }
        #expect(throws: BooksError.self) { try books.apply(borrow(3, 1), at: start) }
    }

    @Test("posted debt of one side makes room for the other's")
    func postedIsNetted() throws {
        var books = books()
        _ = try books.apply(direct(1, from: .peer(peer), to: .earned, 300), at: start)
        #expect(books.headroom(weMayOwe: peer) == 800)
        #expect(books.headroom(toOweBy: peer) == 700)
    }

    @Test("a direct transfer that only reduces a debt needs no limit and no trust line")
    func reducingDebt() throws {
        var books = books()
        _ = try books.apply(direct(1, from: .spent, to: .peer(peer), 500), at: start)
        books.set(TrustLine(peer: peer, granted: 0, received: 0, ownCeiling: 0))
        #expect(throws: BooksError.ownLimit(peer, .credit, owed: 501, mayOwe: 0)) {
            try books.apply(direct(2, from: .spent, to: .peer(peer), 1), at: start)
        }
        _ = try books.apply(direct(2, from: .peer(peer), to: .earned, 500), at: start)
        #expect(books.balance(of: .peer(peer)).net == 0)
        #expect(throws: BooksError.peerLimit(peer, .credit, owed: 1, granted: 0)) {
            try books.apply(direct(3, from: .peer(peer), to: .earned, 1), at: start)
        }
    }

    @Test("a post is never refused for a limit that was lowered after the reservation")
    func loweredLimit() throws {
        var books = books()
        _ = try books.apply(lend(1, 100), at: start)
        books.set(TrustLine(peer: peer, granted: 0, ownCeiling: 0))
        let post = try #require(books.reservation(transferID(1))).post(100, as: transferID(2), at: start.utc)
        #expect(try books.apply(post, at: start) == .applied)
    }

    @Test("trust lines are listed by peer")
    func order() {
        var books = Books()
        for n in [3, 1, 2] as [UInt64] { books.set(TrustLine(peer: node(n), granted: 1, ownCeiling: 1)) }
        #expect(books.trustLines.map(\.peer) == [node(1), node(2), node(3)])
        books.set(TrustLine(peer: node(1), unit: .coreTime, granted: 7, ownCeiling: 7))
        #expect(books.trustLines.count == 4 && books.trustLines(in: .credit).map(\.peer) == [node(1), node(2), node(3)])
        #expect(books.trustLine(with: node(2))?.mayOwe == 1)
    }
}
