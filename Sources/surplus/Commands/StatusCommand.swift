import ArgumentParser
import Reports

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how this node is doing: what it uses, lends and borrows, and what is wrong.",
        discussion: """
            Examples:
              surplus status
              surplus status --json | jq .guest_usage.cpu_millicores
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.getStatus(.init(), options: $1) }
        try output.show(StatusReport(reply))
    }
}
