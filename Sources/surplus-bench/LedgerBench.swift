import ArgumentParser
import Bookkeeping
import Dispatch
import Foundation
import LedgerStore
import Resources

/// Durable ledger transfers per second, against bare SQLite with the same rows, indexes, triggers and hashes; and what a large
/// ledger costs.
struct LedgerBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract:
            "Durable ledger transfers per second against bare SQLite with the same rows, indexes and triggers; a large ledger.")

    @Option(help: "Transfers committed one by one in each round.")
    var single = 4_000
    @Option(help: "Transfers committed in groups of 100 in each round.")
    var grouped = 100_000
    @Option(help: "Rounds; all ways of writing take turns, and each figure is the median.")
    var rounds = 5
    @Option(help: "Transfers of the large ledger.")
    var transfers = 1_000_000
    @Option(help: "Where to write; a directory of its own is made there and removed.")
    var directory = NSTemporaryDirectory()
    @Flag(help: "Print JSON.")
    var json = false

    /// Ways to write the same transfers.
    private enum Way: CaseIterable {
        /// Each durable before the next begins.
        case bareSingle, single
        /// The same with a standby, on the same disk.
        case copied
        /// The same, with a thread of the caller's own that waits for each: two changes of thread more.
        case waiting
        /// A hundred in one transaction.
        case bareGrouped, grouped
        /// A hundred callers at once, each waiting for its own.
        case concurrent
    }

    func validate() throws {
        guard single > 0, grouped >= 100, rounds > 0 else {
            throw ValidationError("--single and --rounds must be positive, --grouped at least 100")
        }
        guard transfers >= GrownLedger.fewest, transfers.isMultiple(of: 100) else {
            throw ValidationError("--transfers must be a multiple of 100, at least \(GrownLedger.fewest)")
        }
    }

    func run() async throws {
        let place = directory + "/surplus-bench-\(getpid())"
        try FileManager.default.createDirectory(
            atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: place) }

        var rates: [Way: [Double]] = [:]
        for round in 0..<rounds {
            for way in Way.allCases { rates[way, default: []].append(try measure(way, place + "/\(round)-\(way)", round)) }
        }
        var report = report(rates.mapValues { $0.sorted()[$0.count / 2] })
        report.figures += try GrownLedger(directory: place + "/grown", transfers: transfers).figures()
        report.figures.append(
            .init(
                name: "verify: a signature", value: try await GrownLedger.signatureCost(in: place + "/signed") * 1e6, unit: "us",
                goal: 80, isUpperBound: true))
        print(json ? try report.json : report.table)
    }

    private func report(_ rates: [Way: Double]) -> BenchReport {
        let rate = { (way: Way) in rates[way] ?? 0 }
        let persecond = "transfers/s"
        return BenchReport(
            benchmark: "ledger",
            workload:
                "ledger: durable transfers (a reservation, two posts, a void), SHA-256 chain on both sides, \(rounds) rounds; one of \(transfers)",
            figures: [
                .init(name: "bare SQLite, one by one", value: rate(.bareSingle), unit: persecond),
                .init(name: "ledger, one by one", value: rate(.single), unit: persecond),
                .init(name: "ratio, one by one", value: rate(.single) / rate(.bareSingle), unit: "", goal: 0.8),
                .init(name: "ledger, one by one, with a standby", value: rate(.copied), unit: persecond),
                .init(name: "ratio, one by one, with a standby", value: rate(.copied) / rate(.bareSingle), unit: ""),
                .init(name: "ledger, one by one, waited for", value: rate(.waiting), unit: persecond),
                .init(name: "ratio, one by one, waited for", value: rate(.waiting) / rate(.bareSingle), unit: ""),
                .init(name: "bare SQLite, 100 a transaction", value: rate(.bareGrouped), unit: persecond),
                .init(name: "ledger, 100 a batch", value: rate(.grouped), unit: persecond),
                .init(name: "ratio, 100 a batch", value: rate(.grouped) / rate(.bareGrouped), unit: "", goal: 0.5),
                .init(name: "ledger, 100 callers at once", value: rate(.concurrent), unit: persecond),
                .init(name: "ratio, 100 callers at once", value: rate(.concurrent) / rate(.bareGrouped), unit: "", goal: 0.5),
            ])
    }

    /// Transfers per second of one way of writing, in files of its own.
    private func measure(_ way: Way, _ path: String, _ round: Int) throws -> Double {
        var workload = LedgerWorkload(seed: UInt64(round))
        let size = [.bareGrouped, .grouped, .concurrent].contains(way) ? 100 : 1
        let groups = (0..<(size == 1 ? single : grouped / size)).map { _ in workload.next(size) }
        let begin: ContinuousClock.Instant
        let end: ContinuousClock.Instant
        switch way {
        case .bareSingle, .bareGrouped:
            let bare = try BareLedger(path: path)
            begin = .now
            for group in groups { try bare.write(group) }
            end = .now
        case .single, .copied, .waiting, .grouped, .concurrent:
            var options = LedgerStore.Options()
            if way == .copied { options.standby = StandbySettings(directory: path + "-standby") }
            let store = try LedgerStore(directory: path, options: options)
            defer { store.close() }
            begin = .now
            switch way {
            case .single, .copied: Self.commitInTurn(groups, to: store)
            case .concurrent: for group in groups { Self.commitEach(group, to: store) }
            default: for group in groups { Self.commit(group, to: store) }
            }
            end = .now
        }
        return Double(groups.count * size) / ((end - begin) / .seconds(1))
    }

    /// Commits one group after the other, each as soon as the one before is durable, as an agent acts on its records.
    private static func commitInTurn(_ groups: [[Transfer]], to store: LedgerStore) {
        let done = DispatchSemaphore(value: 0)
        @Sendable func commit(_ index: Int) {
            guard index < groups.count else {
                _ = done.signal()
                return
            }
            store.commit(groups[index].map(Record.transfer)) { result in
                expectSuccess(result)
                commit(index + 1)
            }
        }
        commit(0)
        done.wait()
    }

    /// Commits transfers as one batch and waits.
    private static func commit(_ transfers: [Transfer], to store: LedgerStore) {
        let done = DispatchSemaphore(value: 0)
        store.commit(transfers.map(Record.transfer)) { result in
            expectSuccess(result)
            done.signal()
        }
        done.wait()
    }

    /// Commits each transfer by itself, all at the same time, and waits for all.
    private static func commitEach(_ transfers: [Transfer], to store: LedgerStore) {
        let done = DispatchGroup()
        for transfer in transfers {
            done.enter()
            store.commit([.transfer(transfer)]) { result in
                expectSuccess(result)
                done.leave()
            }
        }
        done.wait()
    }

    static func expectSuccess(_ result: Result<Void, LedgerStoreError>) {
        if case .failure(let error) = result { preconditionFailure("\(error)") }
    }
}
