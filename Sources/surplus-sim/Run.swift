import ArgumentParser
import Foundation
import Simulation

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run seeds and check the rules that must always hold.",
        discussion: """
            Every seed is one pool: requests, crashes, lost, repeated and late messages are drawn from it. The exit status is 1
            when a rule was broken; the command that replays the seed is printed.

            Examples:
              surplus-sim run --seeds 1000 --nodes 8
              surplus-sim run --seeds 100 --json
            """)

    @Option(help: "How many seeds to run.")
    var seeds = 100

    @Option(help: "The first seed; the others follow.")
    var firstSeed: UInt64 = 1

    @Option(help: "Nodes in each pool.")
    var nodes = 8

    @Flag(help: "Print one JSON document.")
    var json = false

    @Flag(help: "Print what happened in each seed, line by line.")
    var transcript = false

    func validate() throws {
        guard (1...1_000_000).contains(seeds) else { throw ValidationError("--seeds takes 1 to 1000000, not \(seeds)") }
        guard (2...500).contains(nodes) else { throw ValidationError("--nodes takes 2 to 500, not \(nodes)") }
        guard firstSeed <= UInt64.max - UInt64(seeds) else {
            throw ValidationError("--first-seed is too large for so many seeds")
        }
    }

    func run() async throws {
        let results = await runAll()
        let failed = results.filter { !$0.violations.isEmpty }
        for line in results.compactMap(\.transcript).joined() { print(line) }
        if json { try printJSON(results, failed) } else { printText(results, failed) }
        for result in failed {
            let rest = result.violations.count > 3 ? "; and \(result.violations.count - 3) more" : ""
            complain("seed \(result.seed): \(result.violations.prefix(3).joined(separator: "; "))\(rest)")
            complain("replay it with: surplus-sim run --first-seed \(result.seed) --seeds 1 --nodes \(nodes) --transcript")
        }
        if !failed.isEmpty { throw ExitCode.failure }
    }

    /// Seeds are independent, so each core runs its own; results come back in seed order.
    private func runAll() async -> [SeedResult] {
        let scenario = Scenario(nodes: nodes)
        let range = firstSeed..<firstSeed + UInt64(seeds)
        let keepsTranscript = transcript
        let width = max(1, ProcessInfo.processInfo.activeProcessorCount)
        return await withTaskGroup(of: SeedResult.self) { group in
            var waiting = range.makeIterator()
            func next() {
                guard let seed = waiting.next() else { return }
                group.addTask { Simulator.run(scenario, seed: seed, keepsTranscript: keepsTranscript) }
            }
            for _ in 0..<width { next() }
            var results: [SeedResult] = []
            for await result in group {
                results.append(result)
                showProgress(results.count)
                next()
            }
            return results.sorted { $0.seed < $1.seed }
        }
    }

    private func showProgress(_ done: Int) {
        guard isatty(STDERR_FILENO) == 1, done.isMultiple(of: 10) || done == seeds else { return }
        FileHandle.standardError.write(Data("\r\(done) of \(seeds) seeds\(done == seeds ? "\n" : "")".utf8))
    }

    private func complain(_ text: String) { FileHandle.standardError.write(Data("surplus-sim: \(text)\n".utf8)) }

    private func printText(_ results: [SeedResult], _ failed: [SeedResult]) {
        func sum(_ path: (Counts) -> Int) -> Int { results.reduce(0) { $0 + path($1.counts) } }
        print(
            """
            seeds      \(results.count), of \(nodes) nodes each
            requests   \(sum(\.requests)), of which \(sum(\.leases)) led to leases
            messages   \(sum(\.sent)), of which \(sum(\.lost)) were lost
            crashes    \(sum(\.crashes))
            commits    \(sum(\.commits))
            broken     \(failed.count)
            """)
    }

    private func printJSON(_ results: [SeedResult], _ failed: [SeedResult]) throws {
        let report = Report(nodes: nodes, broken: failed.count, seeds: results.map(Report.Seed.init))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}

/// The JSON document that `run --json` prints.
private struct Report: Encodable {
    struct Seed: Encodable {
        let seed: UInt64
        let hash: String
        let counts: Counts
        let violations: [String]

        init(_ result: SeedResult) {
            seed = result.seed
            let digits = String(result.hash, radix: 16)
            hash = String(repeating: "0", count: 16 - digits.count) + digits
            counts = result.counts
            violations = result.violations
        }
    }

    let schema = 1
    let nodes: Int
    let broken: Int
    let seeds: [Seed]
}
