import ArgumentParser

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show over a time what was traded, how credits went, and what a node's capacity was used for.",
        discussion: """
            Examples:
              surplus report trade --since 30d              what was lent and borrowed, used and paid, by peer
              surplus report credits --html credits.html    how it stands with each peer, and how it came to that
              surplus report chargeback --since 30d         what this machine was used for, by whom
            """,
        subcommands: [ReportTrade.self, ReportCredits.self, ReportChargeback.self])
}
