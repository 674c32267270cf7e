import ArgumentParser
import Reports
import Resources
import Wire

struct Statement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Show what moved between this node and a peer, or all of them, with the balance after each.",
        discussion: """
            Examples:
              surplus statement                          with all peers, from the beginning
              surplus statement node2 --since 30d        with one, the last month
              surplus statement --unit core_time         only what moved of processing in kind
              surplus statement --since 2026-11-01 --until 2026-12-01 --json | jq .closing_microcredits

            Credits come first, then each unit in kind in which something moved or stands, with a balance of its own; sums never mix \
            units. What peers came to owe this node is positive, what it came to owe them negative. What is only reserved is not in it: \
            'surplus credits' shows that. What is in dispute is told by itself: it moves no balance before it is resolved. Each entry \
            names the receipt that it settles, by which it can be disputed: always with --json and --plain, at a terminal where it fits.
            """)

    @Argument(help: "A peer by name or id. Default: all.")
    var peer: String?

    @Option(help: "Only this unit. Default: all in which something moved, and credits.")
    var unit: LedgerUnit?

    @OptionGroup var range: TimeRangeOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (since, until) = try range.times(on: Terminal.page(plain: output.plain, colour: output.color))
        let request = Surplus_V1_EntriesRequest(
            peer: peer, since: since, until: until, inKind: true, unit: unit, receipts: true)
        let (opening, entries, begins, inDispute) = try await connection.agent.connected { control in
            try await control.streamEntries(request) { response in
                var (opening, entries): ([AccountStanding], [PostedEntry]) = ([], [])
                var begins: CivilTime?
                var inDispute: Int64 = 0
                for try await page in response.messages {
                    opening += page.opening.map(AccountStanding.init)
                    entries += page.entries.map(PostedEntry.init)
                    inDispute += page.inDispute
                    begins = begins ?? CivilTime(microseconds: page.beginsAt)
                }
                return (opening, entries, begins, Microcredits(inDispute))
            }
        }
        try output.show(
            StatementReport(
                of: peer, in: unit, since: since.map(CivilTime.init), until: until.map(CivilTime.init), opening: opening,
                entries: entries, inDispute: inDispute, begins: begins))
    }
}

extension LedgerUnit: ExpressibleByArgument {}
