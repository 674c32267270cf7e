import ArgumentParser
import Foundation
import Kernel

/// Who runs programs for people who type a command, each on resources set aside for it.
protocol Contender {
    var name: String { get }

    /// The program `true` on resources of its own, of which there are enough for `concurrency` such programs side by side.
    func job(amongst concurrency: Int) -> Clients

    /// Sets resources aside for many programs.
    ///
    /// - Returns: what they go by.
    func hold() throws -> String

    /// The program `true` on resources that are held.
    func job(within held: String) -> Clients

    func release(_ held: String) throws
}

/// The agent of one node of a pool, which borrows from another.
struct SurplusContender: Contender {
    let name = "Surplus"
    let borrower: BorrowerOptions

    func job(amongst concurrency: Int) -> Clients {
        borrower.surplus(["run"] + Self.share(of: concurrency) + ["--on", borrower.on, "--", "true"])
    }

    func hold() throws -> String {
        let output = try borrower.surplus(["lease", "request"] + Self.share(of: 1) + ["--on", borrower.on, "--json"]).output()
        guard let lease = output.firstMatch(of: /lse_[0-9a-z]{26}/) else { throw ValidationError("no lease: \(output)") }
        return String(lease.output)
    }

    func job(within held: String) -> Clients { borrower.surplus(["run", "--lease", held, "--", "true"]) }

    func release(_ held: String) throws { _ = try borrower.surplus(["lease", "release", held]).output() }

    /// Of four fifths of the machine: what was given back a moment ago may not be free yet.
    private static func share(of concurrency: Int) -> [String] {
        let cores = Double(Machine.processors) * 0.8
        return ["--cpu", String(format: "%.3f", cores / Double(concurrency)), "--memory", "64MiB"]
    }
}

/// A Slurm of one node.
struct SlurmContender: Contender {
    /// Processors that the node is said to have, so that as many programs run side by side.
    static let processors = 16

    let name = "Slurm"
    /// The path of its configuration.
    let configuration: String

    func job(amongst concurrency: Int) -> Clients { clients("srun", ["--ntasks=1", "true"]) }

    func hold() throws -> String {
        let output = try clients("salloc", ["--no-shell", "--ntasks=\(Self.processors)"]).output()
        guard let job = output.firstMatch(of: /allocation ([0-9]+)/) else { throw ValidationError("no allocation: \(output)") }
        return String(job.1)
    }

    func job(within held: String) -> Clients { clients("srun", ["--jobid=\(held)", "--overlap", "--ntasks=1", "true"]) }

    func release(_ held: String) throws { _ = try clients("scancel", [held]).output() }

    /// Its version and its settings, without comments.
    func description() throws -> [String] {
        let version = try clients("srun", ["--version"]).output().trimmingCharacters(in: .whitespacesAndNewlines)
        let settings = try String(contentsOfFile: configuration, encoding: .utf8).split(separator: "\n").map(String.init)
        return [version] + settings.filter { !$0.hasPrefix("#") }
    }

    private func clients(_ program: String, _ arguments: [String]) -> Clients {
        Clients(command: ["/usr/bin/" + program] + arguments, environment: ["SLURM_CONF": configuration])
    }
}
