import ArgumentParser
import Foundation
import Resources
import Simulation

struct VolumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume",
        abstract: "Run worlds of shared volumes and check that nothing is lost and all is set right again.",
        discussion: """
            Every seed is one world: what is written, and what goes wrong, is drawn from it. The exit status is 1 when a rule was broken.
            Docs/simulation.md says what the worlds are.

            Examples:
              surplus-sim volume --seeds 500
              surplus-sim volume --world blocks --first-seed 17 --seeds 1
            """)

    @Option(help: ArgumentHelp("How many seeds to run of each world, 1 to 1000000.", valueName: "count"))
    var seeds = 100

    @Option(help: ArgumentHelp("The first seed; the others follow.", valueName: "seed"))
    var firstSeed: UInt64 = 1

    @Option(help: ArgumentHelp("Only this world: journal or blocks.", valueName: "name"))
    var world: VolumeWorld?

    func validate() throws {
        guard (1...1_000_000).contains(seeds) else { throw ValidationError("--seeds takes 1 to 1000000, not \(seeds)") }
        guard firstSeed <= UInt64.max - UInt64(seeds) else {
            throw ValidationError("--first-seed is too large for so many seeds")
        }
    }

    func run() async throws {
        var isBroken = false
        for world in VolumeWorld.allCases where self.world ?? world == world {
            let results = await VolumeRunner(world: world).run(firstSeed..<firstSeed + UInt64(seeds)) { _ in false }
            var sums = SortedMap<String, Int>()
            for (name, count) in results.flatMap(\.counts.pairs) { sums[name] = (sums[name] ?? 0) + count }
            print("\(world.rawValue), \(results.count) seeds: \(sums.pairs.map { "\($0.1) \($0.0)" }.joined(separator: ", "))")
            for result in results where !result.faults.isEmpty {
                isBroken = true
                let rest = result.faults.count > 3 ? "; and \(result.faults.count - 3) more" : ""
                Console.complain("seed \(result.seed): \(result.faults.prefix(3).joined(separator: "; "))\(rest)")
                Console.complain(
                    "run it with: surplus-sim volume --world \(world.rawValue) --first-seed \(result.seed) --seeds 1")
            }
        }
        if isBroken { throw ExitCode.failure }
    }
}

extension VolumeWorld: ExpressibleByArgument {}

/// Runs many seeds of a world side by side.
struct VolumeRunner {
    let world: VolumeWorld

    /// - Parameter isEnough: ends the rest when it is true of a result.
    /// - Returns: in the order of the seeds.
    func run(_ seeds: Range<UInt64>, until isEnough: @Sendable (VolumeResult) -> Bool) async -> [VolumeResult] {
        await withTaskGroup(of: VolumeResult.self) { group in
            var (waiting, isDone) = (seeds.makeIterator(), false)
            func next() {
                guard !isDone, let seed = waiting.next() else { return }
                group.addTask { [world] in VolumeSimulator.run(world, seed: seed) }
            }
            for _ in 0..<max(1, ProcessInfo.processInfo.activeProcessorCount) { next() }
            var results: [VolumeResult] = []
            for await result in group {
                results.append(result)
                isDone = isDone || isEnough(result)
                next()
            }
            return results.sorted { $0.seed < $1.seed }
        }
    }
}
