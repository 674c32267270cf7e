import ArgumentParser
import Foundation

/// What many trades and jobs leave in the memory of the agents that made them.
struct FootprintBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "footprint", abstract: "Memory of a borrower's and a lender's agent after many trades and jobs.")

    @OptionGroup var borrower: BorrowerOptions
    @Option(help: "The borrowing agent's process id.")
    var borrowerPid: Int32
    @Option(help: "The lending agent's process id.")
    var lenderPid: Int32
    @Option(help: "Jobs, each with a lease of its own.")
    var jobs = 1000
    @Option(help: "Jobs at once.")
    var width = 8
    @Option(help: "How long to wait for memory that is given back, in seconds.")
    var rest = 60.0
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let agents = [("borrower", borrowerPid), ("lender", lenderPid)]
        func anonymous() throws -> [Double] {
            try agents.map { (try ProcessUse.memory($0.1)["RssAnon"] ?? 0) / 1024 }
        }
        let before = try anonymous()
        let job = borrower.surplus(["run", "--quiet", "--cpu", "0.1", "--memory", "32MiB", "--on", borrower.on, "--", "true"])
        _ = try job.throughput(of: jobs, concurrency: width)
        let after = try anonymous()
        Thread.sleep(forTimeInterval: rest)
        let rested = try anonymous()
        let figures = agents.indices.flatMap { index in
            let name = agents[index].0
            return [
                BenchReport.Figure(
                    name: "\(name): RssAnon before", value: before[index], unit: "MiB", goal: 10, isUpperBound: true),
                .init(name: "\(name): RssAnon after", value: after[index], unit: "MiB", goal: 40, isUpperBound: true),
                .init(name: "\(name): RssAnon \(Int(rest)) s later", value: rested[index], unit: "MiB"),
            ]
        }
        let report = BenchReport(
            benchmark: "footprint",
            workload:
                "\(jobs) jobs of `true`, each with a lease of its own, \(width) at once; resident anonymous memory of both agents",
            figures: figures)
        print(json ? try report.json : report.table)
    }
}
