import ArgumentParser
import Reports
import Wire

struct ReportCredits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credits",
        abstract: "Show how credits went between this node and its peers over a time, as text or as a page in HTML.",
        discussion: """
            Examples:
              surplus report credits --since 30d
              surplus report credits --html credits.html --since 2026-11-01 --until 2026-12-01
              surplus report credits --html - | mail ...
              surplus report credits --json | jq '.peers[] | select(.now.headroom_granted_microcredits == 0).peer_name'

            The page has balances over time, who paid whom, what moved in kind, limits and headroom, what is owed in kind and when it \
            falls due, what is reserved and in dispute, and the largest movements. It is one file that needs no network and is fit for printing; a file that is there is replaced as a whole.
            """)

    @Option(help: ArgumentHelp("Write a page in HTML there; - writes it to standard output.", valueName: "file"))
    var html: String?

    @OptionGroup var range: TimeRangeOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard html != nil else { return }
        if let other = output.json ? "--json" : output.plain ? "--plain" : nil {
            throw ValidationError("--html and \(other): a report is written in one form; leave one out")
        }
        if html == "" { throw ValidationError("--html: is empty; name a file, or write - for standard output") }
    }

    func run() async throws {
        let page = Terminal.page(plain: output.plain, colour: output.color)
        let (since, until) = try range.times(on: page)
        let request = Surplus_V1_EntriesRequest(peer: nil, since: since, until: until, inKind: true)
        let report = try await connection.agent.connected { control in
            let credits = try await control.getCredits(.init())
            let owed = try await control.listObligations(.init())
            let disputes = try await control.listDisputes(.init()).disputes.map(DisputeReport.init)
            return try await control.streamEntries(request) { response in
                var (name, opening, entries): (String, [AccountStanding], [PostedEntry]) = ("", [], [])
                for try await page in response.messages {
                    if !page.node.isEmpty { name = page.nodeName }
                    opening += page.opening.map(AccountStanding.init)
                    entries += page.entries.map(PostedEntry.init)
                }
                return CreditHistoryReport(
                    nodeName: name, since: since, until: until, now: page.now, opening: opening, entries: entries,
                    standing: credits.lines.map(CreditsReport.Line.init),
                    obligations: owed.obligations.map(ObligationReport.init),
                    disputes: disputes)
            }
        }
        guard let html else { return try output.show(report) }
        let text = report.html(utcOffset: page.utcOffset)
        if html == "-" { try Terminal.print(text) } else { try WholeFile.write(text, to: html) }
    }
}
