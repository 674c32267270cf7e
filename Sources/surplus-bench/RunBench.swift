import ArgumentParser

/// Commands, timed from their start to their end as a shell would.
struct RunBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract:
            "Time of `surplus run true` on a peer, under an existing lease and with a new lease each, and of `surplus status`.")

    @OptionGroup var borrower: BorrowerOptions
    @Option(help: "Runs of each kind.")
    var runs = 50
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let held = try surplus(["lease", "request", "--cpu", "0.4", "--memory", "64MiB", "--on", borrower.on, "--json"])
        guard let lease = held.firstMatch(of: /lse_[0-9a-z]{26}/).map({ String($0.output) }) else {
            throw ValidationError("failed to get a lease: \(held)")
        }
        defer { _ = try? surplus(["lease", "release", lease]) }
        var underLease: [Double] = []
        var newLease: [Double] = []
        var status: [Double] = []
        for round in 0..<runs + 3 {
            let first = try time(["run", "--lease", lease, "--", "true"])
            let second = try time(["run", "--cpu", "0.4", "--memory", "64MiB", "--on", borrower.on, "--", "true"])
            let third = try time(["status"])
            // The first rounds warm caches.
            if round >= 3 {
                underLease.append(first)
                newLease.append(second)
                status.append(third)
            }
        }
        let report = report(Percentiles(underLease), Percentiles(newLease), Percentiles(status))
        print(json ? try report.json : report.table)
    }

    private func report(_ underLease: Percentiles, _ newLease: Percentiles, _ status: Percentiles) -> BenchReport {
        BenchReport(
            benchmark: "run",
            workload: "surplus run true on 0.4 cores of a peer, from the start of the command to its end; \(runs) of each kind",
            figures: [
                .init(name: "existing lease p50", value: underLease(0.5), unit: "ms", goal: 100, isUpperBound: true),
                .init(name: "existing lease p95", value: underLease(0.95), unit: "ms"),
                .init(name: "new lease p50", value: newLease(0.5), unit: "ms", goal: 150, isUpperBound: true),
                .init(name: "new lease p95", value: newLease(0.95), unit: "ms"),
                .init(name: "surplus status p50", value: status(0.5), unit: "ms", goal: 30, isUpperBound: true),
                .init(name: "surplus status p95", value: status(0.95), unit: "ms"),
            ])
    }

    private func time(_ arguments: [String]) throws -> Double {
        let began = ContinuousClock.now
        _ = try surplus(arguments)
        return (ContinuousClock.now - began).milliseconds
    }

    private func surplus(_ arguments: [String]) throws -> String {
        try borrower.surplus(arguments).output()
    }
}
