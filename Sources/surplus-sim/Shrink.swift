import ArgumentParser
import Foundation
import Simulation

struct Shrink: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find the fewest faults with which a seed breaks its rule.",
        discussion: """
            Prints them as a plan for --plan. Every fault of it is needed; people and owners do what they did.

            Examples:
              surplus-sim shrink 17 > least.yaml
              surplus-sim replay 17 --plan least.yaml
            """)

    @Argument(help: "The seed.")
    var seed: UInt64

    @OptionGroup var pool: PoolOptions

    func run() throws {
        let result = Simulator.run(pool.scenario, seed: seed, plan: try pool.readPlan())
        guard var shrinker = Shrinker(pool.scenario, breaking: result) else {
            throw Misuse("seed \(seed) breaks no rule: there is nothing to shrink")
        }
        shrinker.shrink { left, runs in Console.progress("\(left) faults left after \(runs) runs") }
        Console.progress("")
        print("# breaks '\(shrinker.rule)' with seed \(seed) of \(pool.nodes) nodes")
        print(shrinker.plan.text, terminator: "")
        Console.complain(
            "\(shrinker.plan.faults.count) of \(result.plan.faults.count) faults are needed, found in \(shrinker.runs) runs")
    }
}
