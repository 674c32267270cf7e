import ArgumentParser
import Reports

struct Credits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credits",
        abstract: "Show what this node earned and spent, how it stands with peers, and what is owed in kind or in dispute.",
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
        let report = try await connection.agent.ask { control, options in
            CreditsReport(
                try await control.getCredits(.init(), options: options),
                try await control.listObligations(.init(), options: options),
                try await control.listDisputes(.init(), options: options))
        }
        try output.show(report)
    }
}
