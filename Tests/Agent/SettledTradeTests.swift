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
    /// with compensation, not answered; for credits, owed in kind, redeeming what is owed, converted in the end.
    private struct Random {
        var random: SeededGenerator
        let store: LedgerStore
        /// What each lease used by its answered receipts, and the sum of what was posted for it.
        var expected: [LeaseID: (used: Usage, paid: Microcredits, compensation: Microcredits, disputed: Microcredits)] = [:]
        /// What moved in kind for each lease, likewise.
        var inKind: [LeaseID: SettledTrade.InKind] = [:]

        mutating func trade(_ number: UInt64) async throws {
            let isLent = random.chance(5000)
            let peer = peers[Int.random(in: peers.indices, using: &random)]
            let (lender, borrower) = isLent ? (own, peer) : (peer, own)
            var now = start + .minutes(.random(in: 0...1000, using: &random))
            let agreement = agreement(number, lender, borrower, at: now)
            try await store.commit([.agreement(agreement.record)])
            var bill = Bill(
                lease: agreement.record.lease, agreement: agreement.record.id, lender: lender, borrower: borrower,
                tariff: Tariff(agreement.terms.prices, agreement.terms.consideration),
                agreementHash: PlainNotary(node: lender).digest(agreement.record.document))
            var sum = (used: Usage.zero, paid: Microcredits.zero, compensation: Microcredits.zero, disputed: Microcredits.zero)
            var moved = SettledTrade.InKind()
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
                let amount = signed.receipt.amount
                var accepted = amount
                if random.chance(3000) {
                    let memory = MiBSeconds(amount.inKind.memory.rawValue / 2)
                    accepted = Charge(
                        credits: Microcredits(amount.credits.rawValue / 3), inKind: Usage(cpu: .zero, memory: memory))
                }
                let borrowersNotary = PlainNotary(node: borrower)
                guard
                    let answered = bill.settle(
                        signed.receipt.id, signature: borrowersNotary.sign(signed.document), accepted: accepted,
                        notary: borrowersNotary)
                else { continue }
                try await store.commit(transfers(of: answered, isLent, peer, at: now + .seconds(1)) + [.receipt(answered)])
                sum.used = usage
                sum.paid += isLent ? accepted.credits : -accepted.credits
                let change = isLent ? accepted.inKind : .zero - accepted.inKind
                if case .redemption = agreement.terms.consideration {
                    moved.redeemed = moved.redeemed + change
                } else {
                    moved.deferred = moved.deferred + change
                }
                // the lender pays
                sum.compensation += isLent ? -compensation : compensation
                guard isLent else { continue }
                sum.disputed += amount.credits - accepted.credits
                moved.disputed = moved.disputed + (amount.inKind - accepted.inKind)
            }
            if case .deferred = agreement.terms.consideration, moved.deferred.cpu != .zero, random.chance(5000) {
                let credits = try await convert(agreement.record.lease, isLent, peer, moved.deferred.cpu, at: now + .minutes(1))
                sum.paid += credits
                moved.converted = Usage(cpu: .zero - moved.deferred.cpu)
            }
            expected[agreement.record.lease] = sum
            inKind[agreement.record.lease] = moved
        }

        /// What is owed of processing becomes credits; returns by how much the peer came to owe more.
        private mutating func convert(
            _ lease: LeaseID, _ isLent: Bool, _ peer: NodeID, _ owed: CoreMicroseconds, at time: Timestamp
        ) async throws -> Microcredits {
            let id = TransferID(at: time, using: &random)
            let debt = LedgerAmount(abs(owed.rawValue))
            func move(_ unit: LedgerUnit, isDebit: Bool, _ amount: LedgerAmount) -> Record {
                .transfer(
                    Transfer(
                        id: id.following(unit.offset), kind: .direct, unit: unit, debit: isDebit ? .peer(peer) : .converted,
                        credit: isDebit ? .converted : .peer(peer), amount: amount, lease: lease, at: time))
            }
            try await store.commit([move(.credit, isDebit: isLent, 99), move(.coreTime, isDebit: !isLent, debt)])
            return isLent ? 99 : -99
        }

        private mutating func agreement(
            _ number: UInt64, _ lender: NodeID, _ borrower: NodeID, at time: Timestamp
        ) -> (record: AgreementRecord, terms: Terms) {
            let prices = Prices(cpu: random.chance(2000) ? .zero : 1_000_000, memory: random.chance(3000) ? .zero : 200_000)
            var terms = Terms(
                amounts: Amounts(cpu: 1000, memory: .mebibytes(100)), prices: prices, term: .minutes(15), notice: .standard)
            let obligation = ObligationID(high: 6, low: number)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                let share = ResourceShares(cpu: .percent(.random(in: 1...100, using: &random)), memory: .percent(50))
                terms.consideration = .deferred(
                    Deferral(share: share, from: time + .hours(1), until: time + .days(1), premium: .percent(20)))
            case 1: terms.consideration = .redemption(of: obligation)
            default: break
            }
            let agreement = Agreement(
                id: AgreementID(high: 8, low: number), lease: LeaseID(high: 9, low: number),
                negotiation: NegotiationID(high: 1, low: number), reservation: TransferID(high: 1, low: number),
                obligation: obligation, borrower: borrower, lender: lender, user: "ann", terms: terms, at: time)
            let document = agreement.document
            return (
                AgreementRecord(
                    id: agreement.id, lease: agreement.lease, borrower: borrower, lender: lender, document: document,
                    borrowerSignature: PlainNotary(node: borrower).sign(document),
                    lenderSignature: PlainNotary(node: lender).sign(document), at: time), terms
            )
        }

        /// As the node books them: in parts, each with the next id.
        private mutating func transfers(of signed: SignedReceipt, _ isLent: Bool, _ peer: NodeID, at time: Timestamp) -> [Record]
        {
            let (receipt, charge) = (signed.receipt, signed.accepted ?? .zero)
            let accepted = charge.credits
            func direct(
                _ id: TransferID, _ debit: Account, _ credit: Account, _ amount: LedgerAmount, in unit: LedgerUnit
            ) -> [Record] {
                guard amount > .zero else { return [] }
                return [
                    .transfer(
                        Transfer(
                            id: id.following(unit.offset), kind: .direct, unit: unit, debit: debit, credit: credit,
                            amount: amount, lease: receipt.lease, at: time))
                ]
            }
            func direct(_ id: TransferID, _ debit: Account, _ credit: Account, _ amount: Microcredits) -> [Record] {
                direct(id, debit, credit, LedgerAmount(amount), in: .credit)
            }
            let (debit, credit): (Account, Account) = isLent ? (.peer(peer), .earned) : (.spent, .peer(peer))
            let part = Microcredits(random.chance(3000) ? accepted.rawValue / 4 : 0)
            var records =
                direct(receipt.transfer, debit, credit, part)
                + direct(receipt.transfer.following(1), debit, credit, accepted - part)
            for unit in [LedgerUnit.coreTime, .memoryTime] {
                records += direct(receipt.transfer, debit, credit, charge[unit], in: unit)
                guard isLent else { continue }
                let missing = (receipt.amount - charge)[unit]
                records += direct(receipt.transfer.following(1000), .disputed(peer), .earned, missing, in: unit)
            }
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

    private static func sum(_ parts: SettledTrade.Parts) -> Microcredits {
        parts.cpu + parts.memory + parts.settlement + parts.untold
    }

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
            let inKind = try #require(trading.inKind[lease])
            for part in [\SettledTrade.InKind.deferred, \.redeemed, \.converted, \.cancelled, \.untold, \.disputed] {
                #expect(trades.reduce(.zero) { $0 + $1.inKind[keyPath: part] } == inKind[keyPath: part])
            }
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
            var change = Charge.zero
            for unit in Charge.units {
                let query = PostedQuery(in: unit, since: bounds[0], until: bounds[1])
                for posted in try store.posted(query, after: 0, limit: 1_000_000).map(\.transfer) {
                    if case .peer = posted.debit { change[unit] += posted.amount }
                    if case .peer = posted.credit { change[unit] -= posted.amount }
                }
            }
            #expect(told.reduce(.zero) { $0 + Self.sum($1.paid) + $1.compensation } == change.credits)
            #expect(
                told.reduce(.zero) { $0 + $1.inKind.deferred + $1.inKind.redeemed + $1.inKind.converted } == change.inKind)
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
            #expect(alone.reduce(.zero) { $0 + $1.paid.untold + $1.paid.settlement } == expected.paid)
            #expect(alone.reduce(.zero) { $0 + $1.compensation } == expected.compensation)
        }
    }

    @Test("What is given in return in a swap is told with the agreement of the other half, and what both came to beside credits")
    func returned() async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path)
        defer { store.close() }
        let (peer, time) = (Self.peers[0], Self.start)
        let other = OtherHalf(
            lease: LeaseID(high: 9, low: 2), reservation: TransferID(high: 1, low: 2), settlement: TransferID(high: 99, low: 3))
        let exchange = Exchange(
            amounts: Amounts(cpu: 500, memory: .mebibytes(64)), term: .minutes(10), notice: .standard,
            prices: Prices(cpu: 1_000_000, memory: 200_000), worth: 900)
        var terms = Terms(
            amounts: Amounts(cpu: 1000, memory: .mebibytes(100)), prices: Prices(cpu: 1_000_000, memory: 200_000),
            term: .minutes(15), notice: .standard)
        terms.consideration = .swap(exchange)
        let agreement = Agreement(
            id: AgreementID(high: 8, low: 1), lease: LeaseID(high: 9, low: 1), negotiation: NegotiationID(high: 1, low: 1),
            reservation: TransferID(high: 1, low: 1), other: other, borrower: Self.own, lender: peer, user: "ann", terms: terms,
            at: time)
        let document = agreement.document
        try await store.commit([
            .agreement(
                AgreementRecord(
                    id: agreement.id, lease: agreement.lease, borrower: Self.own, lender: peer, document: document,
                    borrowerSignature: PlainNotary(node: Self.own).sign(document),
                    lenderSignature: PlainNotary(node: peer).sign(document), at: time))
        ])
        try await store.closeSegment()
        let mirrored = try #require(agreement.mirrored)
        for (half, isLent) in [(agreement, false), (mirrored, true)] {
            var bill = Bill(
                lease: half.lease, agreement: half.id, lender: half.lender, borrower: half.borrower, tariff: half.terms.tariff,
                agreementHash: PlainNotary(node: Self.own).digest(document))
            let usage = Usage(of: half.terms.amounts, for: half.terms.term)
            let signed = bill.draw(
                .init(
                    receipt: ReceiptID(high: 20, low: isLent ? 1 : 2), transfer: TransferID(high: 30, low: isLent ? 1 : 1 << 40),
                    elapsed: half.terms.term, usage: usage, isFinal: true, issued: time),
                notary: PlainNotary(node: half.lender))
            let notary = PlainNotary(node: half.borrower)
            let settled = bill.settle(
                signed.receipt.id, signature: notary.sign(signed.document), accepted: signed.receipt.amount, notary: notary)
            let answered = try #require(settled)
            try await store.commit([
                .receipt(signed),
                .transfer(
                    Transfer(
                        id: signed.receipt.transfer, kind: .direct, debit: isLent ? .swap(peer) : .spent,
                        credit: isLent ? .earned : .swap(peer), amount: signed.receipt.amount.credits,
                        lease: half.lease, at: time)), .receipt(answered),
            ])
        }
        let found = try store.agreements(of: [agreement.lease, mirrored.lease])
        #expect(found.count == 2 && found[mirrored.lease]?.lease == agreement.lease)
        #expect(found[mirrored.lease]?.lender(of: mirrored.lease) == Self.own)
        let records = try store.records(of: [agreement.lease, mirrored.lease])
        for (lease, isLent) in [(agreement.lease, false), (mirrored.lease, true)] {
            let trades = SettledTrades(lease, try #require(records[lease]), own: Self.own).all
            let trade = try #require(trades.first)
            #expect(trades.count == 1 && trade.isLent == isLent && trade.peer == peer && trade.paid == .init())
            // by resource, which takes the prices of that half
            #expect(trade.swapped.cpu != .zero && trade.swapped.memory != .zero && trade.swapped.untold == .zero)
            #expect(Self.sum(trade.swapped) == (isLent ? 900 : -900))
        }
    }
}
