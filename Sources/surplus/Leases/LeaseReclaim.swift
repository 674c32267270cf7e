import ArgumentParser
import Reports

struct LeaseReclaim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reclaim",
        abstract: "As the owner, take lent leases back, with the notice that was agreed.",
        discussion: """
            Examples:
              surplus lease reclaim lse_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus lease reclaim --all
              surplus lease reclaim --all --now     at once, paying for the notice
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "lease"))
    var lease: String?

    @Flag(help: "Every lease that this node has lent.")
    var all = false

    @Flag(help: "Without waiting for the notice, paying for it.")
    var now = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != (lease != nil) else {
            throw ValidationError("reclaim: what to take back is not clear; give one lease's id, or --all")
        }
    }

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [lease, now] in
            try await $0.reclaimLease(
                .with {
                    $0.lease = lease ?? ""
                    $0.now = now
                }, options: $1)
        }
        try output.show(LeasesReport(leases: reply.leases.map(LeaseReport.init)))
    }
}
