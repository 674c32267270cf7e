import ArgumentParser
import Foundation

/// What an agent and its warden take while nothing happens.
struct IdleBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "Processing and memory of an agent and its warden while nothing happens.")

    @Option(help: "The agent's process id.")
    var agent: Int32
    @Option(help: "The warden's process id.")
    var warden: Int32
    @Option(help: "How long to watch, in seconds.")
    var seconds = 30.0
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let pids = [agent, warden]
        let before = try pids.map(ProcessUse.processing)
        Thread.sleep(forTimeInterval: seconds)
        let used = zip(before, try pids.map(ProcessUse.processing)).map { $1 - $0 }.reduce(0, +)
        let memory = try pids.map(ProcessUse.memory)
        func sum(_ key: String) -> Double { memory.map { $0[key] ?? 0 }.reduce(0, +) / 1024 }
        let report = BenchReport(
            benchmark: "idle", workload: "one idle agent and its warden, watched for \(Int(seconds)) s",
            figures: [
                .init(name: "processing", value: used / seconds * 100, unit: "% of a core", goal: 1, isUpperBound: true),
                .init(name: "RssAnon", value: sum("RssAnon"), unit: "MiB", goal: 12, isUpperBound: true),
                .init(name: "VmRSS", value: sum("VmRSS"), unit: "MiB"),
                .init(name: "PSS", value: sum("Pss"), unit: "MiB"),
                .init(name: "warden VmRSS", value: (memory[1]["VmRSS"] ?? 0) / 1024, unit: "MiB"),
            ])
        print(json ? try report.json : report.table)
    }
}
