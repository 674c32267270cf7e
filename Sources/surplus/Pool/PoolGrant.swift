import ArgumentParser
import Reports

struct PoolGrant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Give a node the issuing role: it can make tokens and renew certificates.",
        discussion: """
            Examples:
              surplus pool grant blade2
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "node"), completion: .nodes)
    var node: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let member = try await connection.agent.ask { [node] in try await $0.grantIssuer(.with { $0.node = node }, options: $1) }
        try output.show(NodesReport(nodes: [.init(member)]))
    }
}
