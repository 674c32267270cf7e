import Accounting
import ArgumentParser
import Foundation
import HistoryStore
import Resources
import Wire

/// What measuring once a second costs a node with 20 leases, and how large and how quick a year of history is.
struct AccountingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounting",
        abstract: "Cost of measuring 20 leases each second, against a node that measures each minute; size and speed of a year.")

    @Option(help: "The borrowing agent's socket.")
    var socket: String
    @Option(help: "A node that measures once a second, and the process ids of its agent and warden: node2:123:456.")
    var measuring: String
    @Option(help: "A node like it that measures once a minute.")
    var resting: String
    @Option(help: "Leases held on each.")
    var leases = 20
    @Option(help: "How long to watch, in seconds.")
    var seconds = 60.0
    @Flag(help: "Print JSON.")
    var json = false

    /// A node and its daemons.
    private struct Subject {
        let node: String
        let processes: [Int32]

        init(_ text: String) throws {
            let parts = text.split(separator: ":")
            guard parts.count == 3, let agent = Int32(parts[1]), let warden = Int32(parts[2]) else {
                throw ValidationError("'\(text)' is not NODE:PID:PID")
            }
            node = String(parts[0])
            processes = [agent, warden]
        }

        /// Seconds of processing so far.
        func processing() throws -> Double { try processes.map(ProcessUse.processing).reduce(0, +) }
    }

    func run() async throws {
        let subjects = [try Subject(measuring), try Subject(resting)]
        let used = try await ControlClient.connect(to: socket) { [self] client in
            for subject in subjects {
                for _ in 0..<leases { try await borrow(on: subject.node, client) }
            }
            // what was begun with the leases is over then
            try await Task.sleep(for: .seconds(5))
            let before = try subjects.map { try $0.processing() }
            try await Task.sleep(for: .seconds(seconds))
            return zip(before, try subjects.map { try $0.processing() }).map { ($1 - $0) / seconds * 100 }
        }
        let year = try YearOfHistory().measured()
        let report = report(used, year)
        print(json ? try report.json : report.table)
    }

    private func borrow(on node: String, _ client: ControlClient.Client) async throws {
        let reply = try await client.requestLease(
            .with {
                ($0.amounts.cpuMillicores, $0.amounts.memoryBytes) = (10, 16 << 20)
                $0.termMicroseconds = 600_000_000
                $0.on = [node]
            })
        guard reply.hasLease else { throw ValidationError("\(node) lends nothing: \(reply.refusal.reason)") }
    }

    private func report(_ used: [Double], _ year: YearOfHistory.Figures) -> BenchReport {
        BenchReport(
            benchmark: "accounting",
            workload: "agent and warden with \(leases) leases for \(Int(seconds)) s; a made-up year of 20 applications",
            figures: [
                .init(name: "measuring each second: processing", value: used[0], unit: "% of a core"),
                .init(name: "measuring each minute: processing", value: used[1], unit: "% of a core"),
                .init(
                    name: "cost of measuring each second", value: used[0] - used[1], unit: "% of a core", goal: 1,
                    isUpperBound: true),
                .init(name: "rows of a year", value: Double(year.rows), unit: ""),
                .init(name: "bytes on disk for each row", value: year.bytesPerRow, unit: "B", goal: 100, isUpperBound: true),
                .init(name: "a year on disk", value: year.size, unit: "MB", goal: 200, isUpperBound: true),
                .init(name: "slowest chart over it", value: year.slowest, unit: "ms", goal: 200, isUpperBound: true),
            ])
    }
}
