import Foundation
import Simulation

/// Runs many seeds side by side: each processor its own, for they have nothing to do with each other.
struct SeedRunner {
    let scenario: Scenario
    let plan: FaultPlan?

    /// - Parameter isEnough: ends the rest when it is true of a result.
    /// - Returns: in the order of the seeds.
    func run(
        _ seeds: Range<UInt64>, until isEnough: @Sendable (SeedResult) -> Bool = { _ in false },
        progress: (Int) -> Void = { _ in }
    ) async -> [SeedResult] {
        let width = max(1, ProcessInfo.processInfo.activeProcessorCount)
        return await withTaskGroup(of: SeedResult.self) { group in
            var waiting = seeds.makeIterator()
            var isDone = false
            func next() {
                guard !isDone, let seed = waiting.next() else { return }
                group.addTask { [scenario, plan] in Simulator.run(scenario, seed: seed, plan: plan) }
            }
            for _ in 0..<width { next() }
            var results: [SeedResult] = []
            for await result in group {
                results.append(result)
                isDone = isDone || isEnough(result)
                progress(results.count)
                next()
            }
            return results.sorted { $0.seed < $1.seed }
        }
    }
}
