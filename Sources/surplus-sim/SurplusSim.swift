import ArgumentParser

@main
struct SurplusSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surplus-sim",
        abstract: "Run pools of simulated nodes, with the product's own decision code, under loss and crashes.",
        discussion: """
            Examples:
              surplus-sim run --seeds 1000 --nodes 8
              surplus-sim run --first-seed 17 --seeds 1 --nodes 8 --transcript
            """,
        version: "0.1.0",
        subcommands: [Run.self])
}
