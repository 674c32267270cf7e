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

    /// One kill and what came of it.
    private struct Moment {
        var fate = Fate.refused
        /// What each victim did last that is on record.
        var last: [String] = []
        /// How many of the victims died at the call that was drawn, or as the guest that was sought; the others by the clock.
        var hits = 0
        var victims = 0
    }

    func run() async throws {
        let pool = try DevPool(programs: programs)
        defer { pool.down() }
        let everyone = Victim.everyone.daemons
        let places = try pool.places(of: everyone) {
            let trial = try pool.surplus("node1", try job("trial", in: pool))
            guard trial.status == 0 else { throw ValidationError("a job fails though nobody dies: \(trial.output)") }
        }
        var random = SeededGenerator(seed: seed)
        var past: [Moment] = []
        for moment in 1...moments {
            let victim = Victim.allCases.randomElement(using: &random) ?? .lender
            let chosen = victim.daemons.map { daemon in
                places[daemon]?.randomElement(using: &random) ?? DeadlyCall(call: "write", number: 1)
            }
            let pause = random.span(.milliseconds(1) ... .milliseconds(300))
            let result = try await trade(in: pool, moment, victim, at: chosen, downFor: pause)
            past.append(result)
            let calls = chosen.map(\.description).joined(separator: ", ")
            FileHandle.standardError.write(
                Data(
                    "moment \(moment): \(victim.rawValue) at \(calls): after \(result.last): \(result.fate)\n".utf8))
        }
        let faults = try await pool.faultsAtRest()
        let report = report(past, faults)
        print(json ? try report.json : report.table)
        for fault in faults { FileHandle.standardError.write(Data("fault: \(fault)\n".utf8)) }
        guard faults.isEmpty, !past.contains(where: { $0.fate == .lost }) else { throw ExitCode.failure }
    }

    /// One job on node2 for node1, with somebody dying under it.
    private func trade(
        in pool: DevPool, _ moment: Int, _ victim: Victim, at places: [DeadlyCall], downFor pause: Microseconds
    ) async throws -> Moment {
        var result = Moment(victims: max(1, places.count))
        let word = "moment-\(moment)"
        let traps = try zip(victim.daemons, places).map { daemon, place in try pool.trap(daemon, at: place) }
        let submitted = try pool.surplus("node1", try job(word, in: pool, options: ["--detach", "--json"]))
        let job = submitted.output.firstMatch(of: /job_[0-9a-z]{26}/).map { String($0.output) }
        if victim == .guest, try await pool.killGuest(of: word) { result.hits += 1 }
        // one that needs no such call for this is killed by the clock
        for trap in traps where try await pool.spring(trap) { result.hits += 1 }
        result.last = victim.daemons.map { "\($0): \(pool.lastStep(of: $0))" }
        try await Task.sleep(for: .microseconds(pause.rawValue))
        try pool.start()
        // a job that was not acknowledged may be there or not
        if submitted.status == 0, let job { result.fate = try fate(of: job, word, in: pool) }
        return result
    }

    /// A job with an input, an output and something to say, so that it goes through all that a job can.
    private func job(_ word: String, in pool: DevPool, options: [String] = []) throws -> [String] {
        let path = "\(pool.directory)/\(word)"
        // Who does not wait for a job says where its output goes when it is fetched.
        let output = options.contains("--detach") ? "\(word).out" : "\(word).out:\(path).out"
        try Data(word.utf8).write(to: URL(fileURLWithPath: path + ".in"))
        return [
            "run", "--cpu", "0.1", "--memory", "64MiB", "--on", "node2", "--input", "\(path).in:in", "--output",
            output,
        ]
            + options + ["--", "sh", "-c", "sleep 0.2; cp in \(word).out; echo \(word)"]
    }

    /// From the acknowledgement on a job must finish, or be reported as failed.
    private func fate(of job: String, _ word: String, in pool: DevPool) throws -> Fate {
        let waited = try pool.surplus("node1", ["job", "wait", job, "--to", pool.directory], within: 90)
        if waited.status == 0 {
            let logs = try pool.surplus("node1", ["job", "logs", job])
            let output = try? String(contentsOfFile: "\(pool.directory)/\(word).out", encoding: .utf8)
            return logs.output.contains(word) && output == word ? .finished : .lost
        }
        let shown = try pool.surplus("node1", ["job", "show", job])
        let isTold = shown.output.contains("failed") || waited.status == 137 && shown.output.contains("signal 9")
        return isTold ? .reportedFailed : .lost
    }

    private func report(_ past: [Moment], _ faults: [String]) -> BenchReport {
        func count(_ fate: Fate) -> Double { Double(past.count { $0.fate == fate }) }
        func total(_ number: (Moment) -> Int) -> Double { Double(past.map(number).reduce(0, +)) }
        let steps = past.flatMap(\.last).reduce(into: [:]) { $0[$1, default: 0] += 1 }
        return BenchReport(
            benchmark: "kill",
            workload: "kill -9 of agents, wardens and guests at \(moments) seeded system calls (seed \(seed)) of jobs on a peer",
            figures: [
                .init(name: "jobs lost", value: count(.lost), unit: "", goal: 0, isUpperBound: true),
                .init(name: "faults afterwards", value: Double(faults.count), unit: "", goal: 0, isUpperBound: true),
                .init(name: "jobs finished", value: count(.finished), unit: ""),
                .init(name: "jobs reported as failed", value: count(.reportedFailed), unit: ""),
                .init(name: "jobs not taken in", value: count(.refused), unit: ""),
                .init(name: "daemons and guests killed", value: total(\.victims), unit: ""),
                .init(name: "of them at the call that was drawn", value: total(\.hits), unit: ""),
                .init(name: "different last steps of who was killed", value: Double(steps.count), unit: ""),
            ], peer: steps.sorted { $0.key < $1.key }.map { "last \($0.key): \($0.value)" })
    }
}
