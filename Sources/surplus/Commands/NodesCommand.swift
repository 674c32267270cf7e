import ArgumentParser
import Reports

struct Nodes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "List the members of the pool.",
        discussion: """
            Examples:
              surplus nodes
              surplus nodes --json | jq -r '.nodes[] | select(.reachable) | .name'
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.listNodes(.init(), options: $1) }
        try output.show(NodesReport(nodes: reply.nodes.map(NodesReport.Node.init)))
    }
}
