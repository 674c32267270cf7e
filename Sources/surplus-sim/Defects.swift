#if Defects
    import ArgumentParser
    import Foundation
    import Resources
    import Simulation

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
                let name = defect.rawValue + String(repeating: " ", count: max(0, 28 - defect.rawValue.count))
                guard let found = results.first(where: { !$0.violations.isEmpty }), let violation = found.violations.first else {
                    isMissed = true
                    Self.say("\(name)not found in \(seeds) seeds")
                    continue
                }
                Self.say("\(name)seed \(found.seed): \(violation.rule)")
            }
            if isMissed { throw ExitCode.failure }
        }

        /// At once: each takes a while.
        private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
    }
#endif
