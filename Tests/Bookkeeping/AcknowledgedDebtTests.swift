import Bookkeeping
import Resources
import Testing

@Suite("Acknowledged debt")
struct AcknowledgedDebtTests {
    @Test("It is booked even under an id older than those remembered, so that a receipt answered late is not lost")
    func forgottenID() throws {
        var books = books(remembering: 4)
        for n in 100..<110 { _ = try books.apply(direct(UInt64(n), from: .peer(peer), to: .earned, 1), at: start) }
        let late = direct(50, from: .peer(peer), to: .earned, 7)
        #expect(throws: BooksError.forgotten(late.id)) { try books.apply(late, at: start) }
        #expect(try books.apply(late, at: start, isAcknowledged: true) == .applied)
        #expect(books.balance(of: .peer(peer)).net == 17)
        // What is remembered, and what is refused as forgotten, stays as it was.
        #expect(try books.apply(direct(109, from: .peer(peer), to: .earned, 1), at: start) == .replayed)
        let older = direct(40, from: .peer(peer), to: .earned, 1)
        #expect(throws: BooksError.forgotten(older.id)) { try books.apply(older, at: start) }
    }

    @Test("It is booked beyond the limits")
    func limits() throws {
        var books = books()
        let debt = direct(1, from: .peer(peer), to: .earned, 5000)
        #expect(throws: BooksError.self) { try books.apply(debt, at: start) }
        #expect(try books.apply(debt, at: start, isAcknowledged: true) == .applied)
    }

    @Test("The books say which ids they remember")
    func remembers() throws {
        var books = books()
        #expect(!books.remembers(transferID(1)))
        _ = try books.apply(lend(1, 100), at: start)
        #expect(books.remembers(transferID(1)) && !books.remembers(transferID(2)))
    }
}
