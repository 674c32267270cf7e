import ArgumentParser
import Foundation

@main
struct SurplusSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surplus-sim",
        abstract: "Run pools of simulated nodes, with the product's own decision code, under everything that goes wrong.",
        discussion: """
            Examples:
              surplus-sim run --seeds 1000 --nodes 8
              surplus-sim replay 17 --kind lease
            """,
        version: "0.1.0",
        subcommands: [
            Run.self, Replay.self, Shrink.self, Trace.self, EconomyCommand.self, NettingCommand.self, VolumeCommand.self,
        ]
            + tests)

    /// Commands for the test of the simulator itself.
    private static var tests: [any ParsableCommand.Type] {
        #if Defects
            [Defects.self]
        #else
            []
        #endif
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let misuse as Misuse {
            Console.complain(misuse.description)
            Foundation.exit(2)
        } catch  where exitCode(for: error) == .validationFailure {
            FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(2)
        } catch {
            exit(withError: error)
        }
    }
}
