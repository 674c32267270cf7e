import ArgumentParser

struct DevDown: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "End a pool on this machine and remove everything it made, also one that was only half started.",
        discussion: """
            Examples:
              surplus dev down --dir /tmp/pool
            """)

    @OptionGroup var options: DevOptions

    func run() async throws { try await DevTeardown(pool: try options.pool).run() }
}
