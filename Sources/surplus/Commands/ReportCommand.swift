import ArgumentParser

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show over a time what a node's capacity was used for.",
        discussion: """
            Examples:
              surplus report chargeback --since 30d      what this machine was used for, by whom
            """,
        subcommands: [ReportChargeback.self])
}
