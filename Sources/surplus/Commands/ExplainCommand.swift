import ArgumentParser
import Reports

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why a lease, job, agreement, transfer or node is as it is.",
        discussion: """
            Examples:
              surplus explain lse_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus explain "$(surplus job list --json | jq -r '.jobs[0].job')"

            Told by both sides where two nodes have a part in it: every line says whose it is, in the order of this node's
            clock. Where the sides do not agree, that is said first.
            """)

    @Argument(
        help: ArgumentHelp("Any id that surplus has shown, or the name of a node or volume.", valueName: "id"),
        transform: Identifiers.any)
    var id: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { [id] in try await $0.explain(.with { $0.id = id }, options: $1) }
        try output.show(ExplanationReport(reply))
    }
}
