import ArgumentParser
import Reports

struct PoolRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Put a node out of the pool, at once and for good.",
        discussion: """
            Examples:
              surplus pool revoke blade3
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "node"))
    var node: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [node] in
            try await $0.revokeNode(.with { $0.node = node }, options: $1)
        }
        try output.show(RevocationReport(node: .init(reply.member), told: Int(reply.told), unreachable: Int(reply.unreachable)))
    }
}
