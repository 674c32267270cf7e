import Resources
import Testing
import Trading

@Suite("Agreement documents")
struct AgreementTests {
    @Test("What was agreed is read again")
    func roundTrip() throws {
        #expect(try Agreement(document: agreement().document) == agreement())
    }

    @Test("A document cut off anywhere, or with bytes behind it, is refused")
    func cut() {
        let document = agreement().document
        for count in document.indices {
            #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: Array(document[..<count])) }
        }
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: document + [0]) }
    }

    @Test("Every byte matters: no changed document passes for the same agreement")
    func changed() {
        let document = agreement().document
        for index in document.indices {
            var other = document
            other[index] ^= 1
            #expect((try? Agreement(document: other)) != agreement())
        }
    }

    private static let outOfRange: [Terms] = [
        terms(cores: 0, memory: .zero), terms(cores: -1), terms(cores: .max / 1000), terms(memory: Bytes(.max)), terms(price: -1),
        terms(price: Microcredits(.max)), terms(term: .zero), terms(term: -1), terms(term: Bounds.term + 1),
    ]

    @Test("Terms out of range are refused", arguments: outOfRange)
    func bounds(_ terms: Terms) {
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: agreement(terms).document) }
    }

    @Test("A user name longer than the longest is refused")
    func longName() {
        var long = agreement()
        long.user = String(repeating: "x", count: Agreement.longestUser)
        #expect(throws: Never.self) { try Agreement(document: long.document) }
        long.user += "x"
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: long.document) }
    }

    @Test("A start makes it a document of the second version; without one it is what older nodes read and sign")
    func start() throws {
        var later = terms()
        later.start = Timestamp(microseconds: 1_800_000_000_000_000)
        let document = agreement(later).document
        #expect(try Agreement(document: document) == agreement(later))
        #expect(throws: Never.self) { try CanonicalReader(agreement().document, kind: "surplus.agreement", version: 1) }
        #expect(throws: CanonicalReader.Malformed.self) { try CanonicalReader(document, kind: "surplus.agreement", version: 1) }
        for count in document.indices {
            #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: Array(document[..<count])) }
        }
        later.start = Timestamp(microseconds: -1)
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: agreement(later).document) }
    }
}
