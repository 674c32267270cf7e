import ArgumentParser

/// Jobs per second of Surplus and of Slurm on the same machine, as people at a prompt get them.
struct ThroughputBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throughput",
        abstract:
            "Jobs of `true` per second beside Slurm: one by one and 16 at once, each on resources of its own and on shared ones."
    )

    @OptionGroup var borrower: BorrowerOptions
    @Option(help: "The configuration of the Slurm to compare with.")
    var slurm: String
    @Option(help: "Jobs of each kind in a round.")
    var jobs = 200
    @Option(help: "Rounds, in which both take turns; their median counts.")
    var rounds = 3
    @Flag(help: "Print JSON.")
    var json = false

    /// One way to run many jobs.
    private struct Case {
        var concurrency: Int
        /// Whether all jobs share resources that are held for them; otherwise each gets its own.
        var isHeld: Bool

        var name: String {
            "\(isHeld ? "within one" : "a new one each"), \(concurrency == 1 ? "one by one" : "\(concurrency) at once")"
        }
    }

    private static let cases = [false, true].flatMap { isHeld in
        [1, SlurmContender.processors].map { Case(concurrency: $0, isHeld: isHeld) }
    }

    func run() throws {
        let peer = SlurmContender(configuration: slurm)
        let contenders: [any Contender] = [peer, SurplusContender(borrower: borrower)]
        let figures = try Self.cases.flatMap { try measure($0, contenders) }
        let report = BenchReport(
            benchmark: "throughput",
            workload: "`true` run \(jobs) times by srun and by surplus run, from an allocation or a lease; jobs per second, "
                + "medians of \(rounds) rounds",
            figures: figures, peer: try peer.description())
        print(json ? try report.json : report.table)
    }

    private func measure(_ kind: Case, _ contenders: [any Contender]) throws -> [BenchReport.Figure] {
        // A first round warms caches.
        for contender in contenders { _ = try throughput(of: jobs / 5, kind, contender) }
        let results = try (0..<rounds).map { _ in try contenders.map { try throughput(of: jobs, kind, $0) } }
        let medians = contenders.indices.map { index in Percentiles(results.map { $0[index] })(0.5) }
        return zip(contenders, medians).map { .init(name: "\(kind.name): \($0.name)", value: $1, unit: "jobs/s") }
            + [.init(name: "\(kind.name): ratio", value: medians[1] / medians[0], unit: "", goal: 2)]
    }

    private func throughput(of count: Int, _ kind: Case, _ contender: any Contender) throws -> Double {
        guard kind.isHeld else {
            return try contender.job(amongst: kind.concurrency).throughput(of: count, concurrency: kind.concurrency)
        }
        let held = try contender.hold()
        let result = Result {
            try contender.job(within: held).throughput(of: count, concurrency: kind.concurrency)
        }
        try contender.release(held)
        return try result.get()
    }
}
