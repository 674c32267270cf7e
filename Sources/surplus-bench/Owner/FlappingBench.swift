import ArgumentParser
import Foundation

/// Whether an owner who comes and goes has guests moved up and down the ladder all the time.
struct FlappingBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flapping",
        abstract: "Rung changes of a guest that uses all it can, while its owner's use goes up and down around the threshold.",
        discussion: "Takes the time of a case, and 10 s more, eight times.")

    @OptionGroup var programs: ProgramOptions
    @Option(help: "How long each case lasts, in seconds.")
    var seconds = 90.0
    @Flag(help: "Print JSON.")
    var json = false

    private static let periods = [0.5, 2, 10, 30]
    private static let goal = 6.0

    /// How far the owner goes, in shares of the machine; guests use up to 80% of it, and the threshold is 90%.
    private enum Swing: String, CaseIterable {
        case near = "by 15% of the machine"
        case whole = "by all of the machine"

        var low: Double { self == .near ? 0.025 : 0 }
        var high: Double { self == .near ? 0.175 : 1 }
    }

    private struct Case {
        let name: String
        let changes: Int
        /// In any minute.
        let most: Int
        /// Share of the machine.
        let guests: Double
    }

    func run() throws {
        let cases = try programs.withPool { pool in
            try Swing.allCases.flatMap { swing in
                try Self.periods.map { period in
                    let found = try watch(swing, period, try pool.node)
                    FileHandle.standardError.write(Data("\(found)\n".utf8))
                    try pool.restart()
                    return found
                }
            }
        }
        let report = BenchReport(
            benchmark: "flapping",
            workload: "an owner that goes up and down for \(Int(seconds)) s in each case, beside a guest that uses all it can",
            figures: cases.flatMap {
                [
                    BenchReport.Figure(
                        name: "\($0.name): rung changes in a minute, the most", value: Double($0.most), unit: "", goal: Self.goal,
                        isUpperBound: true),
                    .init(name: "\($0.name): in all", value: Double($0.changes), unit: ""),
                    .init(name: "\($0.name): the guest's work", value: $0.guests * 100, unit: "% of the machine"),
                ]
            })
        print(json ? try report.json : report.table)
    }

    private func watch(_ swing: Swing, _ period: Double, _ node: OwnedNode) throws -> Case {
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let lease = try node.lend(cpu: cores * 0.8, memory: "256MiB")
        defer { try? node.release(lease) }
        let job = try node.start(Guest.demanding(cores: Int(cores))[0], under: lease)
        defer { try? node.cancel(job) }
        sleep(2)
        let before = try node.guestsProcessing()
        let owner = node.owners(part: [
            "swing", "--low", "\(swing.low * cores)", "--high", "\(swing.high * cores)", "--period", "\(period)", "--seconds",
            "\(seconds)",
        ])
        try owner.run()
        owner.waitUntilExit()
        let guests = (try node.guestsProcessing() - before) / (seconds * cores)
        let times = try node.moves().filter { $0.lease == lease }.map(\.time)
        let most = times.map { start in times.count { $0 >= start && $0 < start + 60 } }.max() ?? 0
        return Case(name: "\(swing.rawValue) every \(period) s", changes: times.count, most: most, guests: guests)
    }
}
