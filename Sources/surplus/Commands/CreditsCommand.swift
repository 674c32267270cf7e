import ArgumentParser
import Reports

struct Credits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credits",
        abstract: "Show what this node earned and spent, and how it stands with each peer.",
        usage: "surplus credits [<options>]\nsurplus credits net [<options>]",
        discussion: """
            Examples:
              surplus credits
              surplus credits --json | jq .balance_microcredits
              surplus credits net --dry-run
            """,
        subcommands: [CreditsNet.self])

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.getCredits(.init(), options: $1) }
        try output.show(CreditsReport(reply))
    }
}
