import ArgumentParser
import Foundation
import Resources

/// Kills daemons at seeded system calls of trades, starts them again, and looks whether anything that was acknowledged is lost.
struct KillBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract:
            "kill -9 of agents, wardens and guests at seeded system calls of trades: nothing acknowledged lost, ledgers agree, no "
            + "orphans.")

    @Option(help: "Where surplus, surplusd and surplus-warden are.")
    var programs: String
    @Option(help: "How many times to kill.")
    var moments = 100
    @Option(help: "What the moments and victims are drawn from.")
    var seed: UInt64 = 1
    @Flag(help: "Print JSON.")
    var json = false

    /// Who dies: daemons of the borrower (node1) or of the lender (node2), or the guest.
    private enum Victim: String, CaseIterable {
        case borrower, lender, warden, lenderAndWarden, everyone, guest

        var daemons: [DevPool.Daemon] {
            switch self {
            case .borrower: [.agent("node1")]
            case .lender: [.agent("node2")]
            case .warden: [.warden("node2")]
            case .lenderAndWarden: [.agent("node2"), .warden("node2")]
            case .everyone: [.agent("node1"), .agent("node2"), .warden("node2")]
            case .guest: []
            }
        }
    }

    /// What became of one job.
    private enum Fate { case finished, reportedFailed, refused, lost }

    func run() async throws {
        let pool = try DevPool(programs: programs)
        defer { pool.down() }
        let everyone = Victim.everyone.daemons
        let places = try pool.places(of: everyone) {
            let trial = try pool.surplus("node1", Self.job("true"))
            guard trial.status == 0 else { throw ValidationError("a job fails though nobody dies: \(trial.output)") }
        }
        var random = SeededGenerator(seed: seed)
        var fates: [Fate] = []
        var steps: [String: Int] = [:]
        for moment in 1...moments {
            let victim = Victim.allCases.randomElement(using: &random) ?? .lender
            let chosen = victim.daemons.map { daemon in
                places[daemon]?.randomElement(using: &random) ?? DeadlyCall(call: "write", number: 1)
            }
            let pause = random.span(.milliseconds(1) ... .milliseconds(300))
            let (fate, last) = try await trade(in: pool, moment, victim, at: chosen, downFor: pause)
            fates.append(fate)
            for step in last { steps[step, default: 0] += 1 }
            let calls = chosen.map(\.description).joined(separator: ", ")
            FileHandle.standardError.write(
                Data("moment \(moment): \(victim.rawValue) at \(calls): after \(last): \(fate)\n".utf8))
        }
        let faults = try await pool.faultsAtRest()
        let report = report(fates, faults, steps)
        print(json ? try report.json : report.table)
        for fault in faults { FileHandle.standardError.write(Data("fault: \(fault)\n".utf8)) }
        guard faults.isEmpty, !fates.contains(.lost) else { throw ExitCode.failure }
    }

    /// One job on node2 for node1, with somebody dying under it.
    ///
    /// - Returns: what became of the job, and what each victim did last that is on record.
    private func trade(
        in pool: DevPool, _ moment: Int, _ victim: Victim, at places: [DeadlyCall], downFor pause: Microseconds
    ) async throws -> (Fate, [String]) {
        let word = "moment-\(moment)"
        let traps = try zip(victim.daemons, places).map { daemon, place in try pool.trap(daemon, at: place) }
        let submitted = try pool.surplus(
            "node1", Self.job("sleep 0.2; echo \(word)", options: ["--detach", "--json"]))
        let job = submitted.output.firstMatch(of: /job_[0-9a-z]{26}/).map { String($0.output) }
        if victim == .guest { try await pool.killGuest(of: word) }
        // one that needs no such call for this is killed by the clock
        for trap in traps { try await pool.spring(trap) }
        let last = victim.daemons.map { "\($0): \(pool.lastStep(of: $0))" }
        try await Task.sleep(for: .microseconds(pause.rawValue))
        try pool.start()
        // a job that was not acknowledged may be there or not
        guard submitted.status == 0, let job else { return (.refused, last) }
        return (try fate(of: job, word, in: pool), last)
    }

    private static func job(_ script: String, options: [String] = []) -> [String] {
        ["run", "--cpu", "0.1", "--memory", "64MiB", "--on", "node2"] + options + ["--", "sh", "-c", script]
    }

    /// From the acknowledgement on a job must finish, or be reported as failed.
    private func fate(of job: String, _ word: String, in pool: DevPool) throws -> Fate {
        let waited = try pool.surplus("node1", ["job", "wait", job], within: 90)
        if waited.status == 0 {
            let logs = try pool.surplus("node1", ["job", "logs", job])
            return logs.output.contains(word) ? .finished : .lost
        }
        let shown = try pool.surplus("node1", ["job", "show", job])
        let isTold = shown.output.contains("failed") || waited.status == 137 && shown.output.contains("signal 9")
        return isTold ? .reportedFailed : .lost
    }

    private func report(_ fates: [Fate], _ faults: [String], _ steps: [String: Int]) -> BenchReport {
        func count(_ fate: Fate) -> Double { Double(fates.count { $0 == fate }) }
        return BenchReport(
            benchmark: "kill",
            workload: "kill -9 of agents, wardens and guests at \(moments) seeded system calls (seed \(seed)) of jobs on a peer",
            figures: [
                .init(name: "jobs lost", value: count(.lost), unit: "", goal: 0, isUpperBound: true),
                .init(name: "faults afterwards", value: Double(faults.count), unit: "", goal: 0, isUpperBound: true),
                .init(name: "jobs finished", value: count(.finished), unit: ""),
                .init(name: "jobs reported as failed", value: count(.reportedFailed), unit: ""),
                .init(name: "jobs not taken in", value: count(.refused), unit: ""),
                .init(name: "different last steps of who was killed", value: Double(steps.count), unit: ""),
            ], peer: steps.sorted { $0.key < $1.key }.map { "last \($0.key): \($0.value)" })
    }
}
