import ArgumentParser
import Reports
import Resources
import Wire

struct ReportChargeback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chargeback",
        abstract: "Show what this node's capacity was used for: by its owner, by leases, by nobody. It adds up exactly.",
        discussion: """
            Examples:
              surplus report chargeback                        all that is known
              surplus report chargeback --since 2026-11-01 --until 2026-12-01 --by user
              surplus report chargeback --since 7d --step 1d   day by day
              surplus report chargeback --since 7d --json | jq .total.idle.cpu_core_microseconds

            In every window of time, in whole core-microseconds and MiB-seconds: what the owner and leases used and what was left \
            is the capacity. What they used beyond it is shown. Windows begin at whole multiples of their length in UTC, so that a \
            little more than was asked for is told. Only what was measured is shared out.
            """)

    @Option(
        help: ArgumentHelp(
            "Tell leases apart by peer, by the user who asked there, or by the program that ran. Default: peer.",
            valueName: "what"))
    var by = ChargebackReport.Grouping.peer

    @Option(
        help: ArgumentHelp("Show windows of this length one by one, in whole seconds.", valueName: "duration"),
        transform: Quantities.duration)
    var step: Microseconds?

    @OptionGroup var range: TimeRangeOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try TimeRangeOptions.validate(step: step) }

    func run() async throws {
        let page = Terminal.page(plain: output.plain, colour: output.color)
        let (since, until) = try range.times(on: page)
        let request = Surplus_V1_ChargebackRequest.with {
            ($0.from, $0.until) = (since?.microseconds ?? 0, until?.microseconds ?? 0)
            $0.stepMicroseconds = step?.rawValue ?? 0
        }
        let pages = try await connection.agent.connected { control in
            try await control.streamChargeback(request) { response in
                var pages: [Surplus_V1_ChargebackPage] = []
                for try await page in response.messages { pages.append(page) }
                return pages
            }
        }
        let report = ChargebackReport(pages, by: by, isByWindow: step != nil, now: page.now)
        try output.show(report)
        if !report.addsUp { throw ExitCode(Invocation.failureStatus) }
    }
}

extension ChargebackReport.Grouping: ExpressibleByArgument {}
