import Bookkeeping
import Foundation
import GRDB
import Resources
import Testing

@testable import LedgerStore

@Suite("Reading what moved something")
struct PostedTests {
    private let directory: TemporaryDirectory
    private let other = NodeID(high: 2, low: 3)

    init() throws { directory = try TemporaryDirectory() }

    private func move(_ n: Int, _ debit: Account, _ credit: Account, _ amount: Microcredits, at seconds: Int64) -> Transfer {
        Transfer(id: transferID(n), kind: .direct, debit: debit, credit: credit, amount: amount, at: moment(seconds).utc)
    }

    /// Six movements in three segments, and a reservation that is posted in the second.
    private func fill() async throws {
        try await directory.withStore { store in
            try await store.commit([
                .trustLine(TrustLine(peer: peer, granted: 1000, ownCeiling: 1000)),
                .trustLine(TrustLine(peer: other, granted: 1000, ownCeiling: 1000)), .transfer(lend(1, 100)),
                .transfer(move(2, .peer(peer), .earned, 7, at: 10)), .transfer(move(3, .spent, .peer(other), 20, at: 20)),
            ])
            try await store.closeSegment()
            try await store.commit([
                .transfer(try #require(Reservation(lend(1, 100))).post(40, as: transferID(4), at: moment(30).utc)),
                .transfer(move(5, .disputed(peer), .earned, 3, at: 30)),
            ])
            try await store.closeSegment()
            try await store.commit([
                .transfer(move(6, .spent, .peer(peer), 5, at: 40)), .transfer(move(7, .peer(other), .earned, 1, at: 50)),
            ])
        }
    }

    private func ids(_ store: LedgerStore, _ query: PostedQuery) throws -> [UInt64] {
        var found: [PostedTransfer] = []
        var page: [PostedTransfer] = []
        repeat {
            page = try store.posted(query, after: page.last?.sequence ?? 0, limit: 2)
            found += page
        } while page.count == 2
        #expect(found.map(\.sequence) == found.map(\.sequence).sorted())
        return found.map(\.transfer.id.low)
    }

    @Test("What goes from one peer's account to another's was netted, and is found by each of them")
    func netted() async throws {
        try await directory.withStore { store in
            try await store.commit([.transfer(move(1, .peer(peer), .peer(other), 9, at: 10))])
            for query in [PostedQuery(), PostedQuery(peer: peer), PostedQuery(peer: other)] {
                #expect(try store.posted(query, after: 0, limit: 5).map(\.purpose) == [.netted])
            }
        }
    }

    @Test("All segments are read in order, page by page, without what was only reserved")
    func pages() async throws {
        try await fill()
        try await directory.withStore { store in
            let expected: [(query: PostedQuery, ids: [UInt64])] = [
                (PostedQuery(), [2, 3, 4, 5, 6, 7]), (PostedQuery(peer: peer), [2, 4, 5, 6]),
                (PostedQuery(since: moment(20).utc, until: moment(40).utc), [3, 4, 5]),
                (PostedQuery(peer: other, since: moment(21).utc), [7]),
            ]
            for (query, wanted) in expected {
                let found = try ids(store, query)
                #expect(found == wanted, "\(query)")
            }
        }
    }

    @Test("What stood before, and what moved since, comes to what stands now", arguments: [0, 10, 25, 30, 45, 100] as [Int64])
    func standing(seconds: Int64) async throws {
        try await fill()
        try await directory.withStore { store in
            let query = PostedQuery(since: moment(seconds).utc)
            var nets = Dictionary(uniqueKeysWithValues: try store.standing(before: query).map { ($0.account, $0.net) })
            for posted in try store.posted(query, after: 0, limit: 100) {
                nets[posted.transfer.debit, default: .zero] += posted.transfer.amount
                nets[posted.transfer.credit, default: .zero] += -posted.transfer.amount
            }
            let books = Books(restoring: try store.booksSnapshot())
            #expect(nets.count == 5)
            for (account, net) in nets { #expect(books.balance(of: account, in: .credit).net == net, "\(account)") }
        }
    }

    @Test("Where the first segment was moved away, what it handed on stands before all")
    func archived() async throws {
        try await fill()
        try FileManager.default.removeItem(atPath: directory.file("ledger-000001.sqlite"))
        try await directory.withStore { store in
            #expect(try ids(store, PostedQuery()) == [4, 5, 6, 7])
            let standing = try store.standing(before: PostedQuery(peer: peer))
            #expect(standing.map(\.account) == [.peer(peer)] && standing.map(\.net) == [7])
            #expect(try store.standing(before: PostedQuery()).map(\.net).reduce(.zero, +) == .zero)
        }
    }

    @Test("A statement of one peer, and what stood before it, look at nobody else's rows")
    func plans() async throws {
        try await fill()
        let queue = try DatabaseQueue(path: directory.file(Segment.name(3)))
        let plans = try await queue.write { db in
            var plans: [String] = []
            db.trace { event in
                if case .statement(let statement) = event, statement.sql.contains("transfers") { plans.append(statement.sql) }
            }
            let query = PostedQuery(peer: peer, since: moment(20).utc, until: moment(90).utc)
            _ = try Rows.posted(db, query, after: 3, limit: 10)
            _ = try Rows.sums(db, before: query)
            db.trace()
            return try plans.flatMap {
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + $0.unbound).map { $0["detail"] as String }
            }
        }
        #expect(plans.count { $0.contains("USING COVERING INDEX transfers_by_") } == 6, "\(plans)")
        #expect(!plans.contains { $0.hasPrefix("SCAN") && $0 != "SCAN m" }, "\(plans)")
    }

    @Test("What a lender pays for its notice is told apart also when the agreement is in an earlier segment")
    func purposeAcrossSegments() async throws {
        let papers = LeasePapers(1, receipts: 0)
        func paid(_ n: Int) -> Bookkeeping.Record {
            var transfer = move(n, .spent, .peer(peer), 5, at: 10)
            transfer.lease = papers.agreement.lease
            return .transfer(transfer)
        }
        try await directory.withStore { store in
            try await store.commit([
                .trustLine(TrustLine(peer: peer, granted: 1000, ownCeiling: 1000)), .agreement(papers.agreement), paid(1),
            ])
            try await store.closeSegment()
            try await store.commit([paid(2)])
            #expect(papers.agreement.lender == us)
            #expect(
                try store.posted(PostedQuery(), after: 0, limit: 10).map(\.purpose) == [.compensationPaid, .compensationPaid])
        }
    }

    @Test("What a lender pays for its notice is told apart from what it is paid")
    func purposes() {
        func purpose(_ transfer: Transfer, lender: NodeID?) -> TransferPurpose {
            PostedTransfer(sequence: 1, transfer, lender: lender).purpose
        }
        #expect(purpose(move(1, .peer(peer), .earned, 1, at: 0), lender: us) == .lent)
        #expect(purpose(move(1, .peer(peer), .earned, 1, at: 0), lender: peer) == .compensationEarned)
        #expect(purpose(move(1, .spent, .peer(peer), 1, at: 0), lender: peer) == .borrowed)
        #expect(purpose(move(1, .spent, .peer(peer), 1, at: 0), lender: us) == .compensationPaid)
        #expect(purpose(move(1, .disputed(peer), .earned, 1, at: 0), lender: us) == .disputed)
    }
}

extension String {
    /// A statement whose parameters nobody binds.
    fileprivate var unbound: String { replacing(#/\?\d*/#, with: "1") }
}
