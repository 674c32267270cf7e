import ArgumentParser
import Foundation
import Simulation

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run seeds and check the rules that must always hold.",
        discussion: """
            Every seed is one pool: requests, owners, and what goes wrong are drawn from it. The exit status is 1 when a rule was
            broken; the command that replays the seed is printed.

            Examples:
              surplus-sim run --seeds 1000 --nodes 8
              surplus-sim run --seeds 100 --json
              surplus-sim run --seeds 20 --plan storms.yaml
            """)

    @Option(help: ArgumentHelp("How many seeds to run, 1 to 1000000.", valueName: "count"))
    var seeds = 100

    @Option(help: ArgumentHelp("The first seed; the others follow.", valueName: "seed"))
    var firstSeed: UInt64 = 1

    @OptionGroup var pool: PoolOptions

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Name what no run came through.")
    var coverage = false

    func validate() throws {
        guard (1...1_000_000).contains(seeds) else { throw ValidationError("--seeds takes 1 to 1000000, not \(seeds)") }
        guard firstSeed <= UInt64.max - UInt64(seeds) else {
            throw ValidationError("--first-seed is too large for so many seeds")
        }
    }

    func run() async throws {
        let runner = SeedRunner(scenario: pool.scenario, plan: try pool.readPlan())
        let results = await runner.run(
            firstSeed..<firstSeed + UInt64(seeds),
            progress: { done in
                guard done.isMultiple(of: 10) || done == seeds else { return }
                Console.progress("\(done) of \(seeds) seeds", isLast: done == seeds)
            })
        let report = RunReport(results, nodes: pool.nodes)
        print(json ? try Console.json(report) : report.text(namingMissing: coverage))
        let failed = results.filter { !$0.violations.isEmpty }
        for result in failed {
            let rest = result.violations.count > 3 ? "; and \(result.violations.count - 3) more" : ""
            Console.complain("seed \(result.seed): \(result.violations.prefix(3).map(\.text).joined(separator: "; "))\(rest)")
            let words = ["surplus-sim", "replay", "\(result.seed)"] + pool.words
            Console.complain("replay it with: \(words.joined(separator: " "))")
        }
        if !failed.isEmpty { throw ExitCode.failure }
    }
}

/// What `run` says.
struct RunReport: Encodable {
    struct Seed: Encodable {
        let seed: UInt64
        /// Of all that happened, the same on every machine.
        let hash: String
        let counts: Counts
        let violations: [String]

        init(_ result: SeedResult) {
            seed = result.seed
            hash = result.hashText
            counts = result.counts
            violations = result.violations.map(\.text)
        }
    }

    let schema = 2
    let nodes: Int
    let broken: Int
    let coverage: Coverage
    let missing: [String]
    let seeds: [Seed]

    init(_ results: [SeedResult], nodes: Int) {
        self.nodes = nodes
        broken = results.count { !$0.violations.isEmpty }
        var coverage = Coverage()
        for result in results { coverage.add(result.coverage) }
        self.coverage = coverage
        missing = coverage.missing
        seeds = results.map(Seed.init)
    }

    func text(namingMissing: Bool) -> String {
        func sum(_ path: (Counts) -> Int) -> Int { seeds.reduce(0) { $0 + path($1.counts) } }
        let faults = coverage.faults.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let lines = [
            "seeds      \(seeds.count), of \(nodes) nodes each",
            "requests   \(sum(\.requests)), of which \(sum(\.leases)) led to leases",
            "messages   \(sum(\.sent)), of which \(sum(\.lost)) were lost; \(sum(\.forged)) forged",
            "faults     \(faults.isEmpty ? "none" : faults)",
            "commits    \(sum(\.commits))",
            "coverage   \(Coverage.total - missing.count) of \(Coverage.total) faults, messages, events and transitions",
            "broken     \(broken)",
        ]
        return (lines + (namingMissing ? missing.map { "missing    \($0)" } : [])).joined(separator: "\n")
    }
}

extension SeedResult {
    var hashText: String { Self.text(ofHash: hash) }

    /// Sixteen digits.
    static func text(ofHash hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
