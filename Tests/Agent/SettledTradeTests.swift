import Bookkeeping
import LedgerStore
import Resources
import TestKit
import Testing
import Trading

@testable import Agent

@Suite("Trades as the ledger has them")
struct SettledTradeTests {
    private static let own = NodeID(high: 7, low: 1)
    private static let peers = [NodeID(high: 7, low: 2), NodeID(high: 7, low: 3)]
    private static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    /// Leases with random receipts in a real ledger of several segments: accepted, in dispute, posted in parts, without amount,
    /// with compensation, not answered.
    private struct Random {
        var random: SeededGenerator
        let store: LedgerStore
        /// What each lease used by its answered receipts, and the sum of what was posted for it.
        var expected: [LeaseID: (used: Usage, paid: Microcredits, compensation: Microcredits, disputed: Microcredits)] = [:]

        mutating func trade(_ number: UInt64) async throws {
            let isLent = random.chance(5000)
            let peer = peers[Int.random(in: peers.indices, using: &random)]
            let (lender, borrower) = isLent ? (own, peer) : (peer, own)
            var now = start + .minutes(.random(in: 0...1000, using: &random))
            let agreement = agreement(number, lender, borrower, at: now)
            try await store.commit([.agreement(agreement.record)])
            var bill = Bill(
                lease: agreement.record.lease, agreement: agreement.record.id, lender: lender, borrower: borrower,
                tariff: Tariff(agreement.prices), agreementHash: PlainNotary(node: lender).digest(agreement.record.document))
            var sum = (used: Usage.zero, paid: Microcredits.zero, compensation: Microcredits.zero, disputed: Microcredits.zero)
            let notary = PlainNotary(node: lender)
            for last in [false, false, true] {
                now = now + .minutes(.random(in: 1...5, using: &random))
                if random.chance(2000) { try await store.closeSegment() }
                let compensation: Microcredits = last && random.chance(5000) ? 777 : .zero
                let usage = Usage(
                    cpu: bill.usage.cpu + CoreMicroseconds(.random(in: 0...90_000_000, using: &random)),
                    memory: bill.usage.memory + MiBSeconds(.random(in: 0...90_000, using: &random)))
                let signed = bill.draw(
                    .init(
                        receipt: ReceiptID(at: now, using: &random), transfer: TransferID(at: now, using: &random),
                        compensationTransfer: compensation > .zero ? TransferID(at: now, using: &random) : nil,
                        elapsed: .minutes(5),
                        usage: usage, compensation: compensation, isFinal: last, issued: now), notary: notary)
                try await store.commit([.receipt(signed)])
                if last, random.chance(2000) { break }
                // a receipt may be answered in another segment than that it was drawn up in
                if random.chance(1000) { try await store.closeSegment() }
                let accepted =
                    random.chance(3000) ? Microcredits(signed.receipt.amount.credits.rawValue / 3) : signed.receipt.amount.credits
                let borrowersNotary = PlainNotary(node: borrower)
                guard
                    let answered = bill.settle(
                        signed.receipt.id, signature: borrowersNotary.sign(signed.document), accepted: Charge(credits: accepted),
                        notary: borrowersNotary)
                else { continue }
                try await store.commit(transfers(of: answered, isLent, peer, at: now + .seconds(1)) + [.receipt(answered)])
                sum.used = usage
                sum.paid += isLent ? accepted : -accepted
                // the lender pays
                sum.compensation += isLent ? -compensation : compensation
                sum.disputed += isLent ? signed.receipt.amount.credits - accepted : .zero
            }
            expected[agreement.record.lease] = sum
        }

        private mutating func agreement(
            _ number: UInt64, _ lender: NodeID, _ borrower: NodeID, at time: Timestamp
        ) -> (record: AgreementRecord, prices: Prices) {
            let prices = Prices(cpu: random.chance(2000) ? .zero : 1_000_000, memory: random.chance(3000) ? .zero : 200_000)
            let terms = Terms(
                amounts: Amounts(cpu: 1000, memory: .mebibytes(100)), prices: prices, term: .minutes(15), notice: .standard)
            let agreement = Agreement(
                id: AgreementID(high: 8, low: number), lease: LeaseID(high: 9, low: number),
                negotiation: NegotiationID(high: 1, low: number), reservation: TransferID(high: 1, low: number),
                borrower: borrower, lender: lender, user: "ann", terms: terms, at: time)
            let document = agreement.document
            return (
                AgreementRecord(
                    id: agreement.id, lease: agreement.lease, borrower: borrower, lender: lender, document: document,
                    borrowerSignature: PlainNotary(node: borrower).sign(document),
                    lenderSignature: PlainNotary(node: lender).sign(document), at: time), prices
            )
        }

        /// As the node books them: in parts, each with the next id.
        private mutating func transfers(of signed: SignedReceipt, _ isLent: Bool, _ peer: NodeID, at time: Timestamp) -> [Record]
        {
            let (receipt, accepted) = (signed.receipt, signed.accepted?.credits ?? .zero)
            func direct(_ id: TransferID, _ debit: Account, _ credit: Account, _ amount: Microcredits) -> [Record] {
                guard amount > .zero else { return [] }
                return [
                    .transfer(
                        Transfer(
                            id: id, kind: .direct, debit: debit, credit: credit, amount: amount, lease: receipt.lease, at: time))
                ]
            }
            let (debit, credit): (Account, Account) = isLent ? (.peer(peer), .earned) : (.spent, .peer(peer))
            let part = Microcredits(random.chance(3000) ? accepted.rawValue / 4 : 0)
            var records =
                direct(receipt.transfer, debit, credit, part)
                + direct(receipt.transfer.following(1), debit, credit, accepted - part)
            if isLent {
                records += direct(receipt.transfer.following(1000), .disputed(peer), .earned, receipt.amount.credits - accepted)
            }
            if let id = receipt.compensationTransfer {
                records +=
                    isLent
                    ? direct(id, .spent, .peer(peer), receipt.compensation)
                    : direct(id, .peer(peer), .earned, receipt.compensation)
            }
            return records
        }
    }

    private static func sum(_ parts: SettledTrade.Parts) -> Microcredits { parts.cpu + parts.memory + parts.untold }

    @Test(
        "Of each lease the trades come to what was used and to every amount posted, by resource where there are prices",
        arguments: 0..<12 as Range<UInt64>)
    func sums(seed: UInt64) async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path)
        defer { store.close() }
        var trading = Random(random: SeededGenerator(seed: seed), store: store)
        for number in 1...20 as ClosedRange<UInt64> { try await trading.trade(number) }

        let leases = try store.tradedLeases(since: nil, until: nil)
        #expect(leases == trading.expected.keys.sorted())
        let records = try store.records(of: leases)
        var all: [SettledTrade] = []
        for lease in leases {
            let trades = SettledTrades(lease, try #require(records[lease]), own: Self.own).all
            let expected = try #require(trading.expected[lease])
            #expect(trades.reduce(.zero) { $0 + $1.used } == expected.used)
            #expect(trades.reduce(.zero) { $0 + Self.sum($1.paid) } == expected.paid)
            #expect(trades.reduce(.zero) { $0 + $1.compensation } == expected.compensation)
            #expect(trades.reduce(.zero) { $0 + Self.sum($1.disputed) } == expected.disputed)
            for trade in trades {
                #expect(trade.paid.untold == .zero && trade.disputed.untold == .zero, "receipts and prices are at hand")
                let sign: Int64 = trade.isLent ? 1 : -1
                #expect(trade.paid.cpu.rawValue * sign >= 0 && trade.paid.memory.rawValue * sign >= 0)
            }
            all += trades
        }

        // any time, also one that begins or ends within a lease
        for _ in 0..<20 {
            let bounds = (0..<2).map { _ in Self.start + .minutes(.random(in: 0...1020, using: &trading.random)) }.sorted()
            guard bounds[0] < bounds[1] else { continue }
            let within = try store.tradedLeases(since: bounds[0], until: bounds[1])
            let told = all.filter { bounds[0] <= $0.at && $0.at < bounds[1] }
            #expect(Set(told.map(\.lease)).isSubset(of: within))
            let query = PostedQuery(since: bounds[0], until: bounds[1])
            let posted = try store.posted(query, after: 0, limit: 1_000_000)
            let change = posted.reduce(Microcredits.zero) { sum, one in
                if case .peer = one.transfer.debit { return sum + Microcredits(one.transfer.amount) }
                if case .peer = one.transfer.credit { return sum - Microcredits(one.transfer.amount) }
                return sum
            }
            #expect(told.reduce(.zero) { $0 + Self.sum($1.paid) + $1.compensation } == change)
        }
    }

    @Test("What becomes of a dispute is told with its lease, and is no compensation", arguments: [true, false])
    func disputes(isLent: Bool) async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path)
        defer { store.close() }
        let (peer, lease) = (Self.peers[0], LeaseID(high: 9, low: 1))
        let accounts: [(Account, Account, Microcredits)] =
            isLent
            ? [
                (.disputed(peer), .earned, 100), (.peer(peer), .disputed(peer), 30), (.earned, .disputed(peer), 20),
                (.earned, .peer(peer), 7),
            ] : [(.spent, .peer(peer), 30), (.peer(peer), .spent, 7)]
        let document = [UInt8]("agreement".utf8)
        let (borrower, lender) = isLent ? (peer, Self.own) : (Self.own, peer)
        try await store.commit(
            [
                .agreement(
                    AgreementRecord(
                        id: AgreementID(high: 8, low: 1), lease: lease, borrower: borrower, lender: lender, document: document,
                        borrowerSignature: Signature([1]), lenderSignature: Signature([1]), at: Self.start))
            ]
                + accounts.enumerated().map { number, line in
                    .transfer(
                        Transfer(
                            id: TransferID(high: 100 + UInt64(number), low: 1), kind: .direct, debit: line.0, credit: line.1,
                            amount: line.2, lease: lease, at: Self.start))
                })
        let trades = SettledTrades(lease, try #require(store.records(of: [lease])[lease]), own: Self.own).all
        #expect(trades.allSatisfy { $0.isLent == isLent && $0.compensation == .zero })
        #expect(trades.reduce(.zero) { $0 + Self.sum($1.paid) } == (isLent ? 23 : -23))
        #expect(trades.reduce(.zero) { $0 + Self.sum($1.disputed) } == (isLent ? 50 : .zero))
        let purposes = try store.posted(PostedQuery(), after: 0, limit: 10).map(\.purpose)
        #expect(purposes == (isLent ? [.disputed, .accepted, .dropped, .givenBack] : [.borrowed, .givenBack]))
    }

    @Test("Without its receipts or its agreement an amount is told, and that it is not known what it was for")
    func withoutPapers() async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path)
        defer { store.close() }
        var trading = Random(random: SeededGenerator(seed: 3), store: store)
        for number in 1...10 as ClosedRange<UInt64> { try await trading.trade(number) }
        for (lease, expected) in trading.expected {
            var records = try #require(try store.records(of: [lease])[lease])
            records.receipts = []
            let alone = SettledTrades(lease, records, own: Self.own).all
            #expect(alone.count == records.posted.count && alone.allSatisfy { $0.used == .zero && $0.paid.cpu == .zero })
            #expect(alone.reduce(.zero) { $0 + $1.paid.untold } == expected.paid)
            #expect(alone.reduce(.zero) { $0 + $1.compensation } == expected.compensation)
        }
    }
}
