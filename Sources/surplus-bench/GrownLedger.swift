import Bookkeeping
import Crypto
import Dispatch
import Foundation
import Identity
import LedgerStore
import Resources

/// A ledger of many transfers, and what it costs to add to it, to keep it, to check it and to read it.
struct GrownLedger {
    /// Transfers that a cost is the mean of.
    private static let window = 50_000
    /// Where the first window begins.
    private static let early = 10_000
    private static let batch = 100

    let directory: String
    /// A multiple of a hundred that holds two windows.
    let transfers: Int

    /// Fewer tell nothing of growth.
    static let fewest = early + 2 * window

    /// Fills the ledger, in batches, and looks at it.
    func figures() throws -> [BenchReport.Figure] {
        var options = LedgerStore.Options()
        options.transfersPerSegment = transfers + 1  // one segment, as large as one gets
        let store = try LedgerStore(directory: directory, options: options)
        defer { store.close() }
        let costs = fill(store)
        let size = try size()
        let check = try seconds { try Self.expectGood(try store.verify(signatures: { _, _, _ in true })) }
        let resumed = try seconds { try Self.expectGood(try store.verify(resuming: true, signatures: { _, _, _ in true })) }
        let (entries, statement) = try statement(store)
        let (shared, comparing) = try timed { try sharedEntries(store) }
        let (_, standing) = try timed { try store.standing(before: PostedQuery(since: LedgerWorkload.end)) }
        let (_, totals) = try timed { try store.balanceTotals(in: .credit) }
        let (_, again) = try timed { try store.balanceTotals(in: .credit) }
        return [
            .init(name: "a transfer, early", value: costs.early * 1e6, unit: "us"),
            .init(name: "a transfer, at the end", value: costs.late * 1e6, unit: "us"),
            .init(name: "ratio, end to early", value: costs.late / costs.early, unit: "", goal: 1.25, isUpperBound: true),
            .init(name: "size", value: Double(size) / Double(transfers), unit: "bytes/transfer", goal: 400, isUpperBound: true),
            .init(name: "verify: arithmetic and chain", value: check, unit: "s", goal: 10, isUpperBound: true),
            .init(name: "verify: from the last checkpoint", value: resumed, unit: "s"),
            .init(name: "statement of one peer", value: statement * 1e3, unit: "ms", goal: 200, isUpperBound: true),
            .init(name: "entries in it", value: Double(entries), unit: ""),
            .init(name: "reading it to compare with the peer", value: comparing * 1e3, unit: "ms"),
            .init(name: "shared entries in it", value: Double(shared), unit: ""),
            .init(name: "what stood on all accounts", value: standing * 1e3, unit: "ms"),
            .init(name: "totals of all balances, first", value: totals * 1e3, unit: "ms"),
            .init(name: "totals of all balances, again", value: again * 1e3, unit: "ms"),
        ]
    }

    /// Seconds for each transfer, early and at the end.
    private func fill(_ store: LedgerStore) -> (early: Double, late: Double) {
        var workload = LedgerWorkload(seed: 1)
        func write(_ count: Int) -> Double {
            var spent = Duration.zero
            for _ in 0..<count / Self.batch {
                let records = workload.next(Self.batch).map(Record.transfer)
                let begin = ContinuousClock.now
                let done = DispatchSemaphore(value: 0)
                store.commit(records) { result in
                    LedgerBench.expectSuccess(result)
                    done.signal()
                }
                done.wait()
                spent += ContinuousClock.now - begin
            }
            return spent / .seconds(1) / Double(count)
        }
        _ = write(Self.early)
        let early = write(Self.window)
        _ = write(transfers - Self.early - 2 * Self.window)
        return (early, write(Self.window))
    }

    /// What all files take once the write-ahead log is folded in.
    private func size() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sqlite") }.reduce(0) {
            $0 + ((try FileManager.default.attributesOfItem(atPath: "\(directory)/\($1)")[.size] as? Int) ?? 0)
        }
    }

    /// Everything between this node and one of its peers, page by page, and what stood before.
    private func statement(_ store: LedgerStore) throws -> (entries: Int, seconds: Double) {
        let query = PostedQuery(peer: LedgerWorkload.peers[0])
        return try timed {
            _ = try store.standing(before: query)
            var (entries, after) = (0, Int64(0))
            while true {
                let page = try store.posted(query, after: after, limit: 1000)
                entries += page.count
                guard page.count == 1000, let last = page.last else { return entries }
                after = last.sequence
            }
        }
    }

    /// Reads all that one peer shares, as for a first comparison: so many entries at a time as are compared at once.
    ///
    /// - Returns: how many entries of the shared form there are in the first part.
    private func sharedEntries(_ store: LedgerStore) throws -> Int {
        let query = SharedHistoryQuery(
            own: LedgerWorkload.own, peer: LedgerWorkload.peers[0], latest: nil, scope: .open(after: nil, until: .max),
            checksPast: false, from: 1)
        return try store.sharedHistory(query).get().entries.count
    }

    /// Seconds for each signature of a ledger of agreements and co-signed receipts, with all that is around it.
    static func signatureCost(in directory: String) async throws -> Double {
        let papers = SignedPapers(leases: 200, receipts: 10)
        let store = try LedgerStore(directory: directory)
        defer { store.close() }
        try await store.commit(papers.records)
        return try seconds { try expectGood(try store.verify(signatures: papers.check)) } / Double(papers.signatures)
    }

    private static func expectGood(_ found: Verification) throws {
        if let fault = found.fault { throw BareLedger.Failure(description: "\(fault)") }
    }
}

private func timed<Value>(_ body: () throws -> Value) rethrows -> (Value, seconds: Double) {
    let begin = ContinuousClock.now
    let value = try body()
    return (value, (ContinuousClock.now - begin) / .seconds(1))
}

private func seconds(_ body: () throws -> Void) rethrows -> Double { try timed(body).seconds }
