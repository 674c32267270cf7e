import Bookkeeping
import LedgerStore
import Resources
import TestKit
import Testing
import Trading
import Wire

@testable import Agent
@testable import Reports
@testable import surplus

/// A real ledger of several segments with every kind of transfer, and every report over it.
@Suite("What balances changed by, in every report")
struct BalanceSumsTests {
    private static let own = NodeID(high: 7, low: 1)
    private static let peers = [NodeID(high: 7, low: 2), NodeID(high: 7, low: 3), NodeID(high: 7, low: 4)]
    private static let start = Timestamp(microseconds: 1_800_000_000_000_000)
    private static let span = Microseconds.minutes(600)

    /// One of each kind with a peer, in the order of their times, and which of them is about no lease.
    private struct Trading {
        var random: SeededGenerator
        let store: LedgerStore
        private var number: UInt64 = 0

        init(seed: UInt64, store: LedgerStore) { (random, self.store) = (SeededGenerator(seed: seed), store) }

        private static func accounts(with peer: NodeID, and other: NodeID) -> [(debit: Account, credit: Account, isOfLease: Bool)]
        {
            let swap = Account.swap(peer)
            return [
                (.peer(peer), .earned, true), (.spent, .peer(peer), true), (.disputed(peer), .earned, true),
                (.peer(peer), .disputed(peer), true), (.earned, .disputed(peer), true), (.earned, .peer(peer), true),
                (.peer(peer), .spent, true), (swap, .earned, true), (.spent, swap, true), (.peer(peer), swap, true),
                (swap, .peer(peer), true), (.peer(peer), .converted, true), (.converted, .peer(peer), true),
                (.peer(peer), .decayed, false), (.decayed, .peer(peer), false), (.peer(peer), .peer(other), false),
            ]
        }

        private static func accountsInKind(with peer: NodeID) -> [(debit: Account, credit: Account)] {
            [
                (.peer(peer), .earned), (.spent, .peer(peer)), (.converted, .peer(peer)), (.peer(peer), .converted),
                (.cancelled, .peer(peer)), (.peer(peer), .cancelled),
            ]
        }

        /// Leases in both directions with each peer, and all that can be booked, in random order and at random times.
        mutating func fill() async throws {
            for peer in peers {
                let other = try #require(peers.first { $0 != peer })
                for lender in [own, peer] {
                    let lease = try await agree(lender == own ? peer : own, lender)
                    var transfers = Self.accounts(with: peer, and: other).map { one in
                        transfer(one.debit, one.credit, lease: one.isOfLease ? lease : nil)
                    }
                    for unit in [LedgerUnit.coreTime, .memoryTime] {
                        transfers += Self.accountsInKind(with: peer).map { transfer($0.debit, $0.credit, unit, lease: lease) }
                    }
                    for transfer in transfers.shuffled(using: &random) {
                        if random.chance(500) { try await store.closeSegment() }
                        try await store.commit([.transfer(transfer)])
                    }
                }
            }
        }

        private mutating func transfer(
            _ debit: Account, _ credit: Account, _ unit: LedgerUnit = .credit, lease: LeaseID?
        ) -> Transfer {
            number += 1
            return Transfer(
                id: TransferID(high: 100 + number, low: 1), kind: .direct, unit: unit, debit: debit, credit: credit,
                amount: LedgerAmount(.random(in: 1...9_999_999, using: &random)), lease: lease,
                at: start + Microseconds(.random(in: 0..<span.rawValue, using: &random)))
        }

        private mutating func agree(_ borrower: NodeID, _ lender: NodeID) async throws -> LeaseID {
            number += 1
            let lease = LeaseID(high: 9, low: number)
            let document = [UInt8]("agreement \(number)".utf8)
            try await store.commit([
                .agreement(
                    AgreementRecord(
                        id: AgreementID(high: 8, low: number), lease: lease, borrower: borrower, lender: lender,
                        document: document, borrowerSignature: Signature([1]), lenderSignature: Signature([1]), at: start))
            ])
            return lease
        }
    }

    private static func entry(_ posted: PostedTransfer, of wanted: NodeID?) -> PostedEntry {
        let transfer = posted.transfer
        let nodes = [transfer.debit.node, transfer.credit.node].compactMap(\.self)
        let peer = nodes.first { $0 == wanted } ?? nodes[0]
        let other = nodes.first { $0 != peer }
        return PostedEntry(
            sequence: posted.sequence, at: CivilTime(transfer.at), transfer: "\(transfer.id)", purpose: posted.purpose.rawValue,
            debit: "\(transfer.debit)", credit: "\(transfer.credit)", unit: transfer.unit, amount: transfer.amount.rawValue,
            peer: "\(peer)", peerName: "\(peer)", lease: transfer.lease?.description, otherPeer: other?.description,
            otherPeerName: other?.description)
    }

    /// All that can be told of a time.
    private struct Told {
        let statement: StatementReport
        let ofPeers: [NodeID: StatementReport]
        let history: CreditHistoryReport
        let trade: TradeReport
    }

    private static func told(_ store: LedgerStore, _ since: Timestamp?, _ until: Timestamp?) throws -> Told {
        func read(_ peer: NodeID?) throws -> (opening: [AccountStanding], entries: [PostedEntry]) {
            var (opening, entries): ([AccountStanding], [PostedEntry]) = ([], [])
            for unit in LedgerUnit.allCases {
                let query = PostedQuery(in: unit, peer: peer, since: since, until: until)
                opening += try store.standing(before: query).map {
                    AccountStanding(
                        account: "\($0.account)", peer: $0.account.node?.description, peerName: $0.account.node?.description,
                        unit: unit, net: $0.net.rawValue)
                }
                entries += try store.posted(query, after: 0, limit: 1_000_000).map { entry($0, of: peer) }
            }
            return (opening, entries)
        }
        func statement(_ peer: NodeID?) throws -> StatementReport {
            let (opening, entries) = try read(peer)
            return StatementReport(of: peer?.description, since: nil, until: nil, opening: opening, entries: entries)
        }
        let (opening, entries) = try read(nil)
        let leases = try store.tradedLeases(since: since, until: until)
        let records = try store.records(of: leases)
        let trades = leases.flatMap { SettledTrades($0, records[$0] ?? LeaseRecords(), own: own).all }.filter {
            $0.at >= since ?? start && $0.at < until ?? start + span
        }
        let apart = try store.moved(since: since, until: until, forNoLease: true).compactMap { sum in
            sum.change.map { TradeReport.Apart(Surplus_V1_BalanceSum($0.line, sum.unit, $0.amount)) }
        }
        return Told(
            statement: try statement(nil),
            ofPeers: Dictionary(uniqueKeysWithValues: try peers.map { ($0, try statement($0)) }),
            history: CreditHistoryReport(
                nodeName: "own", since: since, until: until, now: start + span, opening: opening, entries: entries, standing: []),
            trade: TradeReport(
                nodeName: "own", since: nil, until: nil, by: [.peer],
                entries: trades.map { TradeReport.Entry(Surplus_V1_TradeEntry($0, peerName: "\($0.peer)")) }, apart: apart,
                holders: [], utcOffset: .zero))
    }

    private static func section(_ statement: StatementReport?, _ unit: LedgerUnit = .credit) -> StatementSection? {
        statement?.sections.first { $0.unit == unit }
    }

    @Test(
        "What stood before and all lines come to what stands after, alike in all reports, with each peer and with all",
        arguments: 0..<6 as Range<UInt64>)
    func agree(seed: UInt64) async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path)
        defer { store.close() }
        var trading = Trading(seed: seed, store: store)
        try await trading.fill()
        for round in 0..<8 {
            let bounds = (0..<2).map { _ in Self.start + Microseconds(.random(in: 0..<Self.span.rawValue, using: &trading.random))
            }
            .sorted()
            let told = round == 0 ? try Self.told(store, nil, nil) : try Self.told(store, bounds[0], bounds[1])
            let section = try #require(Self.section(told.statement))
            let history = told.history
            #expect(section.opening + section.sums.change == section.closing)
            #expect(history.openingMicrocredits + history.sums.change == history.closingMicrocredits)
            #expect(history.sums == section.sums && history.closingMicrocredits == section.closing)
            #expect(told.trade.changeMicrocredits == section.closing - section.opening)
            for unit in [LedgerUnit.coreTime, .memoryTime] {
                let inKind = Self.section(told.statement, unit)
                let change = told.trade.changeInKind
                #expect(
                    (unit == .coreTime ? change.cpuCoreMicroseconds : change.memoryMibSeconds) == (inKind?.sums.change ?? 0))
                #expect(
                    history.inKind.filter { $0.unit == unit }.reduce(0) { $0 + $1.closing } == (inKind?.closing ?? 0))
            }
            for (peer, statement) in told.ofPeers {
                let section = try #require(Self.section(statement))
                #expect(section.opening + section.sums.change == section.closing)
                guard let line = history.peers.first(where: { $0.peer == "\(peer)" }) else {
                    #expect(section.lines.isEmpty && section.opening == 0)
                    continue
                }
                #expect(line.openingMicrocredits + line.sums.change == line.closingMicrocredits)
                #expect(line.sums == section.sums && line.closingMicrocredits == section.closing)
                #expect(line.earned == line.lentMicrocredits + line.compensationEarnedMicrocredits)
                #expect(line.spent == line.borrowedMicrocredits + line.compensationPaidMicrocredits)
                #expect(line.sums[.givenBack] == line.gotBackMicrocredits - line.givenBackMicrocredits)
                let ofLeases = told.trade.rows.filter { $0.peer == "\(peer)" }.reduce(0) {
                    $0 + $1.sum.paid.rawValue + $1.sum.compensation.rawValue
                }
                #expect(ofLeases + section.sums[.decayed] + section.sums[.netted] == section.sums.change)
            }
            guard round == 0 else { continue }
            for line in BalanceSums.Line.allCases where line != .netted && line != .cancelled {
                #expect(section.sums[line] != 0, "there is some of \(line)")
            }
            let all = try store.balanceTotals(in: .credit)
            let credits = CreditsReport(
                opening: Microcredits(all.opening.rawValue),
                sums: BalanceSums(all.lines.map { ($0.key.rawValue, $0.value.rawValue) }), pendingIncoming: .zero,
                pendingOutgoing: .zero, lines: [])
            #expect(credits.balanceMicrocredits == section.closing && credits.earnedMicrocredits == section.sums[.earned])
            #expect(
                credits.openingMicrocredits + credits.earnedMicrocredits - credits.spentMicrocredits
                    + credits.swappedMicrocredits + credits.convertedMicrocredits + credits.nettedMicrocredits
                    + credits.decayedMicrocredits + credits.givenBackMicrocredits == section.closing)
        }
    }

    @Test("The halves of a swap are neither earned nor spent")
    func swaps() async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path)
        defer { store.close() }
        let peer = Self.peers[0]
        let halves: [(Account, Account, Microcredits)] = [
            (.swap(peer), .earned, 3_984_214), (.spent, .swap(peer), 3_984_000), (.peer(peer), .swap(peer), 214),
        ]
        try await store.commit(
            halves.enumerated().map { number, half in
                .transfer(
                    Transfer(
                        id: TransferID(high: 100 + UInt64(number), low: 1), kind: .direct, debit: half.0, credit: half.1,
                        amount: half.2, at: Self.start))
            })
        let sums = try store.balanceTotals(in: .credit).lines
        #expect(sums == [.swapped: 214])
        #expect(
            try store.posted(PostedQuery(), after: 0, limit: 9).map(\.purpose) == [.swapGiven, .swapTaken, .swapped])
    }
}
