import ArgumentParser
import Reports
import Resources

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how this node is doing: what it uses, lends and borrows, and what is wrong.",
        discussion: """
            Examples:
              surplus status
              surplus status --wait 30s                              as soon as the agent answers
              surplus status --json | jq .guest_usage.cpu_millicores
            """)

    @Option(
        help: ArgumentHelp("Wait for the agent to answer, at most so long.", valueName: "duration"),
        transform: Quantities.duration)
    var wait: Microseconds?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await Patience(wait).ask {
            try await connection.agent.ask { try await $0.getStatus(.init(), options: $1) }
        }
        try output.show(StatusReport(reply))
    }
}
