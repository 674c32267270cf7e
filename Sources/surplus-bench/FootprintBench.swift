import ArgumentParser
import Foundation

/// What many trades and jobs leave in the memory of the agents that made them.
struct FootprintBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "footprint", abstract: "Memory of a borrower's and a lender's agent after many trades and jobs.")

    @Option(help: "The surplus program.")
    var program: String
    @Option(help: "The borrowing agent's socket.")
    var socket: String
    @Option(help: "The node to run on.")
    var on: String
    @Option(help: "The borrowing agent's process id.")
    var borrower: Int32
    @Option(help: "The lending agent's process id.")
    var lender: Int32
    @Option(help: "Jobs, each with a lease of its own.")
    var jobs = 1000
    @Option(help: "Jobs at once.")
    var width = 8
    @Option(help: "How long to wait for memory that is given back, in seconds.")
    var rest = 60.0
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let agents = [("borrower", borrower), ("lender", lender)]
        func anonymous() throws -> [Double] {
            try agents.map { (try ProcessUse.memory($0.1)["RssAnon"] ?? 0) / 1024 }
        }
        let before = try anonymous()
        let job = Clients(
            command: [program, "run", "--quiet", "--cpu", "0.1", "--memory", "32MiB", "--on", on, "--", "true"],
            environment: ["SURPLUS_SOCKET": socket])
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
