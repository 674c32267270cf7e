import ArgumentParser
import Reports

struct LeaseShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one lease.",
        discussion: """
            Examples:
              surplus lease show lse_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "lease"), completion: .leases, transform: Identifiers.lease)
    var lease: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { [lease] in try await $0.getLease(.with { $0.lease = lease }, options: $1) }
        try output.show(LeaseReport(reply))
    }
}
