import ArgumentParser
import Reports

struct PoolInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a pool with this node as its first member.",
        discussion: """
            Examples:
              surplus pool init lab
            """)

    @Argument(help: ArgumentHelp("What people will call the pool.", valueName: "name"))
    var name: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { [name] in try await $0.initPool(.with { $0.name = name }, options: $1) }
        try output.show(PoolReport(reply))
    }
}
