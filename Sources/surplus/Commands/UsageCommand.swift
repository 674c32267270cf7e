import ArgumentParser
import Reports
import Resources
import Wire

struct ShowUsage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Show what a node, a lease or a job used over time: processor, memory, network, disk, pressure.",
        discussion: """
            Examples:
              surplus usage                                   this node, the last hour
              surplus usage --since 7d --metric cpu           its processors, the last week
              surplus usage blade2 --since 24h --until 12h    another node of the pool
              surplus usage lse_...                           a lease, as long as it lasts; also one on a peer
              surplus usage job_... --step 1s                 a job, while it ran, second by second
              surplus usage --since 30d --step 1d --json | jq '.series[] | select(.metric == "cpu").points'

            Seconds are kept for ten minutes (for a week where a threshold was exceeded), minutes for a week, hours for two years, \
            days for as long as there is room. Percentiles are off by at most an eighth of the value.
            """)

    @Argument(help: "A node by name or id, a lease, or a job. Default: this node.")
    var target: String?

    @Option(
        help: ArgumentHelp(
            "Begin then: so long ago, or at a date. Default: 1h, or the beginning of a lease or job.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("End then. Default: now, or the end of a lease or job.", valueName: "time"))
    var until: String?

    @Option(
        help: ArgumentHelp("The length of one point, in whole seconds. Default: what fits the page.", valueName: "duration"),
        transform: Quantities.duration)
    var step: Microseconds?

    @Option(help: ArgumentHelp("Only this: cpu, memory, network, disk or pressure. Can be repeated.", valueName: "metric"))
    var metric: [MetricGroup] = []

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    enum MetricGroup: String, ExpressibleByArgument, CaseIterable { case cpu, memory, network, disk, pressure }

    func validate() throws { try TimeRangeOptions.validate(step: step) }

    func run() async throws {
        let page = Terminal.page(plain: output.plain, colour: output.color)
        let request = try request(on: page)
        let reply = try await connection.agent.ask { try await $0.getUsage(request, options: $1) }
        try output.show(UsageReport(reply))
    }

    private func request(on page: Page) throws -> Surplus_V1_UsageRequest {
        let (from, until) = try TimeRangeOptions.times(since: since, until: until, on: page)
        return .with {
            $0.target = target ?? ""
            $0.from = from?.microseconds ?? 0
            $0.until = until?.microseconds ?? 0
            $0.stepMicroseconds = step?.rawValue ?? 0
            $0.points = Int32(max(UsageReport.chartWidth(on: page), 20))
            $0.metrics = metric.map(\.rawValue)
        }
    }
}
