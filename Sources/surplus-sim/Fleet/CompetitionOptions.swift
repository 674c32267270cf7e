import ArgumentParser
import Policy
import Resources
import Simulation

/// Jobs that compete for what owners leave.
struct CompetitionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Run the jobs of this log on what is lent: *.swf or *.swf.gz in the Standard Workload Format, or a directory of VM arrivals; \
            can be repeated.
            """, valueName: "path"), completion: .file())
    var jobs: [String] = []

    @Option(
        help: ArgumentHelp("Let machines go down as this log of outages says (CSV).", valueName: "file"), completion: .file())
    var outages: String?

    @Option(help: ArgumentHelp("With --jobs: the first so many machines only.", valueName: "count"))
    var machines: Int?

    @Option(help: ArgumentHelp("With --jobs: processors of each machine, 1 to 1024.", valueName: "count"))
    var cores = 8

    @Option(help: ArgumentHelp("With --jobs: memory of each machine in GiB, 1 to 65536.", valueName: "count"))
    var memory = 32

    @Option(
        help: ArgumentHelp(
            "With --jobs: jobs save what they have done each time they have used so much of a processor; without it they begin anew.",
            valueName: "minutes"))
    var checkpoint: Int?

    func validate() throws {
        guard !jobs.isEmpty || outages == nil && machines == nil && checkpoint == nil else {
            throw ValidationError("--outages, --machines and --checkpoint are about jobs; name a log with --jobs")
        }
        guard (1...1024).contains(cores) else { throw ValidationError("--cores takes 1 to 1024, not \(cores)") }
        guard (1...65_536).contains(memory) else { throw ValidationError("--memory takes 1 to 65536, not \(memory)") }
        if let machines, !(2...100_000).contains(machines) {
            throw ValidationError("--machines takes 2 to 100000, not \(machines)")
        }
        if let checkpoint, !(1...10_000).contains(checkpoint) {
            throw ValidationError("--checkpoint takes 1 to 10000, not \(checkpoint)")
        }
    }

    /// - Throws: a usage error with the file and the line.
    func scenario(_ owners: [[BasisPoints?]], threshold: BasisPoints, appetite: Appetite) throws -> FleetScenario {
        let owners = Array(owners.prefix(machines ?? owners.count))
        guard owners.count > 1 else {
            throw Misuse("there is one machine in the trace; jobs need one to come from and one to run on")
        }
        let capacity = Amounts(cpu: .cores(Int64(cores)), memory: .gibibytes(Int64(memory)))
        let policy = Self.policy(threshold: threshold, appetite: appetite)
        let span = Microseconds.minutes(5) * Int64(owners.map(\.count).max() ?? 0)
        var all: [FleetJob] = []
        for path in jobs { all += try JobLog.read(path).jobs(for: span, on: policy.most(of: capacity)) }
        var scenario = FleetScenario(
            owners: UsageTrace(machines: owners), capacity: capacity, policy: policy,
            jobs: all.sorted { $0.submitted < $1.submitted })
        if let outages { scenario.outages = try OutageLog.read(outages).outages(machines: owners.count, for: span) }
        scenario.checkpoint = checkpoint.map { CoreMicroseconds(Millicores.cores(1), for: .minutes(Int64($0))) }
        return scenario
    }

    /// What each machine lends by: all below the threshold, for a credit a core-hour.
    private static func policy(threshold: BasisPoints, appetite: Appetite) -> LendingPolicy {
        LendingPolicy(
            name: "fleet", cpu: ResourceRule(threshold: threshold, share: threshold, price: .credits(1)),
            memory: ResourceRule(threshold: .percent(90), share: .percent(90), price: .zero),
            notices: NoticeMenu([.elastic: .percent(50), .standard: .whole, .firm: .percent(150)]), appetite: appetite,
            maximumLeases: 10_000, credit: CreditRule(granted: .credits(100_000), owes: .credits(100_000)))
    }
}
