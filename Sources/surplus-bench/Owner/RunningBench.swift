import ArgumentParser
import Foundation

/// What an agent and its warden take while programs run under many leases.
struct RunningBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "running",
        abstract: "Processing and memory of an agent and its warden while a program runs under each of 20 leases.",
        discussion: "Takes the time to watch three times, and 40 s more.")

    @OptionGroup var programs: ProgramOptions
    @Option(help: "Leases, each with a program.")
    var leases = 20
    @Option(help: "How long to watch, in seconds.")
    var seconds = 30.0
    @Flag(help: "Print JSON.")
    var json = false

    private static let light = Guest.shell("light", "while :; do sleep 1; done")
    private static let busy = Guest.shell("busy", "while :; do :; done")

    func run() throws {
        let report = try programs.withPool { pool in try measure(pool) }
        print(json ? try report.json : report.table)
    }

    private func measure(_ pool: BenchPool) throws -> BenchReport {
        let node = try pool.node
        let cores = Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let held = try (0..<leases).map { _ in try node.lend(cpu: cores * 0.8 / Double(leases), memory: "32MiB") }
        defer { for lease in held { try? node.release(lease) } }
        let light = try held.map { try node.start(Self.light, under: $0) }
        var figures = try watch("programs that mostly wait", pool, node)
        for job in light { try node.cancel(job) }
        for lease in held { _ = try node.start(Self.busy, under: lease) }
        figures += try watch("programs that use all they can", pool, node)
        let demand = "\(cores)"
        let owner = node.owners(
            part: ["swing", "--low", demand, "--high", demand, "--period", "1", "--seconds", "\(seconds + 10)"])
        try owner.run()
        defer { owner.waitUntilExit() }
        figures += try watch("the same, throttled for their owner", pool, node)
        return BenchReport(
            benchmark: "running",
            workload:
                "an agent and its warden, with a program running under each of \(leases) leases, for \(Int(seconds)) s each",
            figures: figures)
    }

    private func watch(_ name: String, _ pool: BenchPool, _ node: OwnedNode) throws -> [BenchReport.Figure] {
        // what was begun with the programs is over then
        sleep(5)
        let daemons = try pool.daemons
        func used() throws -> [Double] {
            [try ProcessUse.processing(daemons.agent), try ProcessUse.processing(daemons.warden), try node.guestsProcessing()]
        }
        let before = try used()
        Thread.sleep(forTimeInterval: seconds)
        let shares = zip(before, try used()).map { ($1 - $0) / seconds * 100 }
        let agent = try ProcessUse.memory(daemons.agent)["RssAnon"] ?? .nan
        let warden = try ProcessUse.memory(daemons.warden)["VmRSS"] ?? .nan
        return [
            .init(
                name: "\(name): agent and warden", value: shares[0] + shares[1], unit: "% of a core", goal: 2, isUpperBound: true),
            .init(name: "\(name): agent", value: shares[0], unit: "% of a core"),
            .init(name: "\(name): warden", value: shares[1], unit: "% of a core"),
            .init(name: "\(name): guests", value: shares[2], unit: "% of a core"),
            .init(name: "\(name): RssAnon of the agent", value: agent / 1024, unit: "MiB", goal: 40, isUpperBound: true),
            .init(name: "\(name): VmRSS of the warden", value: warden / 1024, unit: "MiB", goal: 12, isUpperBound: true),
        ]
    }
}
