import ArgumentParser
import Reports
import Resources

struct LeaseRenew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Ask the lender for more time on the same terms.",
        discussion: """
            Examples:
              surplus lease renew lse_01jd3x9k3v8q2m7r5t6w8y0z1a --for 15m
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "lease"))
    var lease: String

    @Option(
        name: .customLong("for"), help: ArgumentHelp("How much longer. Default: 10m.", valueName: "duration"),
        transform: Quantities.duration)
    var span: Microseconds = .minutes(10)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [lease, span] in
            try await $0.renewLease(
                .with {
                    $0.lease = lease
                    $0.extensionMicroseconds = span.rawValue
                }, options: $1)
        }
        try output.show(LeaseReport(reply))
    }
}
