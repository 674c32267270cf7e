import ArgumentParser
import Reports

struct LeaseList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List leases, lent and borrowed.",
        discussion: """
            Examples:
              surplus lease list
              surplus lease list --all      settled ones, too
            """)

    @Flag(help: "Also those that are settled.")
    var all = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { [all] in try await $0.listLeases(.with { $0.all = all }, options: $1) }
        try output.show(LeasesReport(leases: reply.leases.map(LeaseReport.init)))
    }
}
