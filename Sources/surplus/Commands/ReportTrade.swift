import ArgumentParser
import Reports
import Wire

struct ReportTrade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trade",
        abstract: "Show what was lent and borrowed in a time, what was used, and what was paid for it.",
        discussion: """
            Examples:
              surplus report trade --since 30d                          by peer
              surplus report trade --since 2026-11-01 --by day --by resource
              surplus report trade --by application --json | jq '.rows[] | select(.trade == "borrowed")'

            What peers came to owe this node is positive, what it came to owe them negative; what was paid, what was \
            compensated and what moved for no lease, such as decayed credits, is what 'surplus statement' over the same time changes \
            the balance by, exactly. What is in dispute moves no balance before it is resolved. Usage counts when its \
            receipt was settled. Days are those of this machine's time zone. The program is that of the job, as the node's story \
            of events has it; of what was lent, and is not told of there any more, the lender knows peer and user only.
            """)

    @Option(
        help: ArgumentHelp(
            "Put together by peer, resource, application, user or day. Can be repeated. Default: peer.", valueName: "what"))
    var by: [TradeReport.Grouping] = []

    @OptionGroup var range: TimeRangeOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let twice = by.indices.first(where: { by[..<$0].contains(by[$0]) }) {
            throw ValidationError("--by \(by[twice].rawValue): is there twice; leave one out")
        }
    }

    func run() async throws {
        let page = Terminal.page(plain: output.plain, colour: output.color)
        let (since, until) = try range.times(on: page)
        let request = Surplus_V1_TradesRequest.with {
            ($0.since, $0.until) = (since?.microseconds ?? 0, until?.microseconds ?? 0)
        }
        let pages = try await connection.agent.connected { control in
            try await control.streamTrades(request) { response in
                var pages: [Surplus_V1_TradesPage] = []
                for try await page in response.messages { pages.append(page) }
                return pages
            }
        }
        try output.show(
            TradeReport(
                nodeName: pages.first?.nodeName ?? "", since: since.map(CivilTime.init), until: until.map(CivilTime.init),
                by: by.isEmpty ? [.peer] : by, entries: pages.flatMap(\.entries).map(TradeReport.Entry.init),
                apart: pages.flatMap(\.apart).map(TradeReport.Apart.init),
                holders: pages.flatMap(\.holders).map(LeaseHolder.init), utcOffset: page.utcOffset))
    }
}

extension TradeReport.Grouping: ExpressibleByArgument {}
