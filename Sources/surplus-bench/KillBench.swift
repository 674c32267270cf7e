import ArgumentParser
import Foundation
import Resources

/// Kills daemons at seeded moments of trades, starts them again, and looks whether anything that was acknowledged is lost.
struct KillBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract:
            "kill -9 of agents and wardens at seeded moments of trades: nothing acknowledged lost, ledgers agree, no orphans.")

    @Option(help: "Where surplus, surplusd and surplus-warden are.")
    var programs: String
    @Option(help: "How many times to kill.")
    var moments = 100
    @Option(help: "What the moments and victims are drawn from.")
    var seed: UInt64 = 1
    @Flag(help: "Print JSON.")
    var json = false

    /// Which daemons die: those of the borrower (node1) or of the lender (node2).
    private enum Victim: String, CaseIterable {
        case borrower, lender, warden, lenderAndWarden, everyone

        var daemons: [(node: String, key: String)] {
            switch self {
            case .borrower: [("node1", "pid")]
            case .lender: [("node2", "pid")]
            case .warden: [("node2", "warden_pid")]
            case .lenderAndWarden: [("node2", "pid"), ("node2", "warden_pid")]
            case .everyone: [("node1", "pid"), ("node2", "pid"), ("node2", "warden_pid")]
            }
        }
    }

    /// What became of one job.
    private enum Fate { case finished, reportedFailed, lost }

    func run() async throws {
        let pool = try DevPool(programs: programs)
        defer { pool.down() }
        var random = SeededGenerator(seed: seed)
        var fates: [Fate] = []
        for moment in 1...moments {
            let victim = Victim.allCases.randomElement(using: &random) ?? .lender
            let delay = random.span(.milliseconds(1) ... .milliseconds(400))
            let pause = random.span(.milliseconds(1) ... .milliseconds(300))
            let fate = try await trade(in: pool, moment, victim, after: delay, downFor: pause)
            fates.append(fate)
            FileHandle.standardError.write(Data("moment \(moment): \(victim.rawValue) after \(delay.shortText): \(fate)\n".utf8))
        }
        let faults = try await pool.faultsAtRest()
        let report = report(fates, faults)
        print(json ? try report.json : report.table)
        for fault in faults { FileHandle.standardError.write(Data("fault: \(fault)\n".utf8)) }
        guard faults.isEmpty, !fates.contains(.lost) else { throw ExitCode.failure }
    }

    /// One job on node2 for node1, with daemons dying under it.
    private func trade(
        in pool: DevPool, _ moment: Int, _ victim: Victim, after delay: Microseconds, downFor pause: Microseconds
    ) async throws -> Fate {
        let word = "moment-\(moment)"
        let submitted = try pool.surplus(
            "node1",
            [
                "run", "--detach", "--cpu", "0.1", "--memory", "64MiB", "--on", "node2", "--json", "--", "sh", "-c",
                "sleep 0.2; echo \(word)",
            ])
        guard submitted.status == 0, let job = submitted.output.firstMatch(of: /job_[0-9a-z]{26}/).map({ String($0.output) })
        else {
            throw ValidationError("the pool takes no job: \(submitted.output)")
        }
        // From here on the job is acknowledged: it must finish, or be reported as failed.
        try await Task.sleep(for: .microseconds(delay.rawValue))
        for daemon in victim.daemons { pool.kill(daemon.node, daemon.key) }
        try await Task.sleep(for: .microseconds(pause.rawValue))
        try pool.start()
        let waited = try pool.surplus("node1", ["job", "wait", job], within: 90)
        if waited.status == 0 {
            let logs = try pool.surplus("node1", ["job", "logs", job])
            return logs.output.contains(word) ? .finished : .lost
        }
        let shown = try pool.surplus("node1", ["job", "show", job])
        return shown.output.contains("failed") ? .reportedFailed : .lost
    }

    private func report(_ fates: [Fate], _ faults: [String]) -> BenchReport {
        func count(_ fate: Fate) -> Double { Double(fates.count { $0 == fate }) }
        return BenchReport(
            benchmark: "kill",
            workload: "kill -9 of agents and wardens at \(moments) seeded moments (seed \(seed)) of jobs on a peer",
            figures: [
                .init(name: "jobs lost", value: count(.lost), unit: "", goal: 0, isUpperBound: true),
                .init(name: "faults afterwards", value: Double(faults.count), unit: "", goal: 0, isUpperBound: true),
                .init(name: "jobs finished", value: count(.finished), unit: ""),
                .init(name: "jobs reported as failed", value: count(.reportedFailed), unit: ""),
            ])
    }
}
