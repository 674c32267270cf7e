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
        let before = try pids.map(Self.processing)
        Thread.sleep(forTimeInterval: seconds)
        let used = zip(before, try pids.map(Self.processing)).map { $1 - $0 }.reduce(0, +)
        let memory = try pids.map(memory)
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

    /// Seconds of processing so far.
    static func processing(_ pid: Int32) throws -> Double {
        let text = try read("/proc/\(pid)/stat")
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw ValidationError("failed to understand /proc/\(pid)/stat")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The kernel's figures in KiB, by name.
    private func memory(_ pid: Int32) throws -> [String: Double] {
        let lines = try (Self.read("/proc/\(pid)/status") + Self.read("/proc/\(pid)/smaps_rollup")).split(separator: "\n")
        var values: [String: Double] = [:]
        for line in lines {
            let parts = line.split(whereSeparator: { $0 == ":" || $0.isWhitespace })
            if parts.count >= 3, parts[2] == "kB" { values[String(parts[0])] = Double(parts[1]) }
        }
        return values
    }

    private static func read(_ path: String) throws -> String {
        do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw ValidationError("failed to read \(path): is the process running?")
        }
    }
}
