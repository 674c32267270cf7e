import ArgumentParser
import Glibc
import Reports
import Resources
import Wire

struct LedgerExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what moved credits, or what is owed in kind, in a form that other programs read, to standard output.",
        discussion: """
            Examples:
              surplus ledger export --format hledger > node.journal && hledger -f node.journal balance
              surplus ledger export --format beancount --since 2026-11-01 > node.beancount
              surplus ledger export --format csv --since 7d

            hledger and beancount are journals of plain text accounting, with assertions of all balances at the end; csv has one line \
            for each transfer, json one object (JSON Lines), after one for each account on which something stood before. Dates in \
            journals are of UTC. What is only reserved is in none of them.
            """)

    @Option(help: ArgumentHelp("hledger, beancount, csv or json.", valueName: "format"))
    var format: JournalFormat

    @OptionGroup var range: TimeRangeOptions
    @OptionGroup var connection: AgentOptions

    func run() async throws {
        let (since, until) = try range.times(on: Terminal.page(plain: true, colour: .never))
        let request = Surplus_V1_EntriesRequest(peer: nil, since: since, until: until, inKind: true)
        try await connection.agent.connected { [format] control in
            try await control.streamEntries(request) { response in
                var journal = format.journal
                for try await page in response.messages {
                    if !page.node.isEmpty {
                        Self.note(CivilTime(microseconds: page.beginsAt), since: since)
                        let opening = page.opening.map(AccountStanding.init)
                        try Terminal.print(try journal.head(of: page.nodeName, opening, since: since.map(CivilTime.init)))
                    }
                    try Terminal.print(try page.entries.map { try journal.text(of: PostedEntry($0)) }.joined())
                }
                try Terminal.print(journal.foot())
            }
        }
    }
}

extension LedgerExport {
    /// Says on standard error where the ledger begins, when more was asked for.
    private static func note(_ begins: CivilTime?, since: Timestamp?) {
        guard let begins, since.map({ $0 < begins.timestamp }) ?? true else { return }
        Terminal.write(
            "surplus: begins at \(begins.rfc3339): older ledger files were archived and are not mounted\n", to: STDERR_FILENO)
    }
}

extension JournalFormat: ExpressibleByArgument {}
