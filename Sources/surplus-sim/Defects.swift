#if Defects
    import ArgumentParser
    import Foundation
    import Resources
    import Simulation
    import Volumes

    /// Shows that the checks can fail.
    struct Defects: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put in one defect after the other and see that each breaks a rule within so many seeds.")

        @Option(help: ArgumentHelp("The most seeds for each.", valueName: "count"))
        var seeds = 1000

        @Option(help: ArgumentHelp("Only this defect.", valueName: "name"))
        var only: String?

        @OptionGroup var pool: PoolOptions

        func run() async throws {
            let runner = SeedRunner(scenario: pool.scenario, plan: try pool.readPlan())
            var isMissed = false
            for defect in Defect.allCases where only ?? defect.rawValue == defect.rawValue {
                let results = await Defect.$active.withValue(defect) {
                    await runner.run(1..<UInt64(seeds) + 1, until: { !$0.violations.isEmpty })
                }
                let found = results.first { !$0.violations.isEmpty }
                isMissed = isMissed || found == nil
                say(defect.rawValue, found.flatMap { found in found.violations.first.map { "seed \(found.seed): \($0.rule)" } })
            }
            for defect in VolumeDefect.allCases where only ?? defect.rawValue == defect.rawValue {
                let found = await breakVolumes(defect)
                isMissed = isMissed || found == nil
                say(defect.rawValue, found)
            }
            if isMissed { throw ExitCode.failure }
        }

        /// - Returns: what was found, and where.
        private func breakVolumes(_ defect: VolumeDefect) async -> String? {
            for world in VolumeWorld.allCases {
                let results = await VolumeDefect.$active.withValue(defect) {
                    await VolumeRunner(world: world).run(1..<UInt64(seeds) + 1) { !$0.faults.isEmpty }
                }
                if let found = results.first(where: { !$0.faults.isEmpty }) {
                    return "\(world.rawValue), seed \(found.seed): \(found.faults[0])"
                }
            }
            return nil
        }

        private func say(_ defect: String, _ found: String?) {
            let name = defect + String(repeating: " ", count: max(0, 28 - defect.count))
            Self.say("\(name)\(found ?? "not found in \(seeds) seeds")")
        }

        /// At once: each takes a while.
        private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
    }
#endif
