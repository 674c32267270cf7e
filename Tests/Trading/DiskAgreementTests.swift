import Resources
import Testing
import Trading

@Suite("Agreements about disk")
struct DiskAgreementTests {
    private static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func agreement(_ terms: Terms) -> Agreement {
        Agreement(
            id: AgreementID(high: 3, low: 1), lease: LeaseID(high: 3, low: 2), negotiation: NegotiationID(high: 3, low: 3),
            reservation: TransferID(high: 3, low: 4), borrower: peer(1), lender: peer(2), user: "ana", terms: terms,
            at: Timestamp(microseconds: 1_700_000_000_000_000))
    }

    private static func disk(_ consideration: Consideration? = nil, start: Timestamp? = nil) -> Terms {
        Terms(
            amounts: Amounts(disk: .gibibytes(20)), prices: Prices(cpu: .zero, memory: .zero, disk: 5000), term: .minutes(10),
            notice: .standard, start: start, consideration: consideration)
    }

    private static var deferred: Agreement {
        let deferral = Deferral(
            share: ResourceShares(cpu: .zero, memory: .zero, disk: .percent(50)),
            rate: ResourceShares(cpu: .whole, memory: .whole, disk: .percent(110)), from: start, until: start + .hours(1),
            premium: .percent(20))
        var agreement = agreement(disk(.deferred(deferral)))
        agreement.obligation = ObligationID(high: 3, low: 8)
        return agreement
    }

    private static var coresForDisk: Agreement {
        let exchange = Exchange(
            amounts: Amounts(disk: .gibibytes(20)), term: .hours(1), notice: .standard,
            prices: Prices(cpu: .zero, memory: .zero, disk: 5000), worth: 333_333)
        var agreement = agreement(
            Terms(
                amounts: Amounts(cpu: .cores(2)), prices: Prices(cpu: 1_000_000, memory: .zero), term: .minutes(10),
                notice: .standard, consideration: .swap(exchange)))
        agreement.other = OtherHalf(
            lease: LeaseID(high: 3, low: 5), reservation: TransferID(high: 3, low: 6), settlement: TransferID(high: 3, low: 7))
        return agreement
    }

    private static let plain = agreement(terms())
    private static let redeeming = agreement(
        Terms(
            amounts: terms().amounts, prices: terms().prices, term: terms().term, notice: .standard,
            consideration: .redemption(of: ObligationID(high: 3, low: 9))))

    @Test(
        "What has no disk is written as ever, and what has in a version of its own",
        arguments: [
            (plain, AgreementVectors.plain), (redeeming, AgreementVectors.redeeming), (agreement(disk()), AgreementVectors.disk),
            (agreement(disk(start: start)), AgreementVectors.laterDisk), (deferred, AgreementVectors.deferredDisk),
            (coresForDisk, AgreementVectors.coresForDisk),
        ])
    func vectors(_ agreement: Agreement, _ bytes: [UInt8]) throws {
        #expect(agreement.document == bytes)
        #expect(try Agreement(document: bytes) == agreement)
    }

    @Test("There is one way to write an agreement: no disk in the version that has it is refused")
    func oneWay() {
        var writer = CanonicalWriter(kind: "surplus.agreement", version: 4)
        let old = CanonicalWriter(kind: "surplus.agreement").bytes.count
        let (plain, tail) = (AgreementVectors.plain.dropFirst(old), [UInt8](repeating: 0, count: 18))
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: writer.bytes + plain + tail) }
        writer = CanonicalWriter(kind: "surplus.agreement", version: 4)
        let disk = AgreementVectors.disk.dropFirst(old)
        #expect(throws: Never.self) { try Agreement(document: writer.bytes + disk) }
    }

    @Test("A document about disk that is cut off anywhere is refused")
    func cut() {
        for document in [AgreementVectors.deferredDisk, AgreementVectors.coresForDisk] {
            for count in document.indices {
                #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: Array(document[..<count])) }
            }
        }
    }

    @Test("Disk together with something else is refused, in what is lent and in what is lent in return")
    func mixed() {
        var terms = Self.disk()
        terms.amounts.cpu = 1
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: Self.agreement(terms).document) }
        var swap = Self.coresForDisk
        guard case .swap(var exchange) = swap.terms.consideration else { return }
        exchange.amounts.memory = 1
        swap.terms.consideration = .swap(exchange)
        #expect(throws: CanonicalReader.Malformed.self) { try Agreement(document: swap.document) }
    }

    @Test("The other half of a swap of cores for disk is one of disk for cores")
    func mirrored() throws {
        let mirrored = try #require(Self.coresForDisk.mirrored)
        #expect(mirrored.terms.amounts == Amounts(disk: .gibibytes(20)) && mirrored.terms.prices.disk == 5000)
        #expect(mirrored.terms.exchange?.amounts == Amounts(cpu: .cores(2)))
        #expect(mirrored.mirrored?.terms == Self.coresForDisk.terms)
    }
}
