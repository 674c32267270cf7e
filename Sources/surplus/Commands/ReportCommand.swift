import ArgumentParser

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show over a time what was traded, and what a node's capacity was used for.",
        discussion: """
            Examples:
              surplus report trade --since 30d           what was lent and borrowed, used and paid, by peer
              surplus report chargeback --since 30d      what this machine was used for, by whom
            """,
        subcommands: [ReportTrade.self, ReportChargeback.self])
}
