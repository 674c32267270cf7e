import ArgumentParser
import Reports

struct Reclaim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reclaim",
        abstract: "As the owner, take lent leases back, with the notice that was agreed.",
        discussion: """
            Examples:
              surplus reclaim lse_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus reclaim --all
              surplus reclaim --all --now --dry-run     what ending all of it at once would cost
              surplus reclaim --all --now --yes         at once, paying for the notice, without being asked

            What runs under a lease ends with it. 'surplus pause' takes everything back and keeps it; 'surplus evict' does not need
            the agent.
            """)

    @Argument(
        help: ArgumentHelp("Its id.", valueName: "lease"), completion: .leases, transform: Identifiers.lease)
    var lease: String?

    @Flag(help: "Every lease that this node has lent.")
    var all = false

    @Flag(help: "Without waiting for the notice, paying for it.")
    var now = false

    @OptionGroup var caution: CautionOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard all != (lease != nil) else {
            throw ValidationError("reclaim: what to take back is not clear; give one lease's id, or --all")
        }
    }

    func run() async throws {
        if now {
            let what = all ? "Every lent lease" : "The lease"
            try caution.confirm("\(what) ends at once, with what runs under it, and its notice is paid for.")
        }
        let reply = try await connection.agent.ask(within: .seconds(60)) { [lease, now, caution] in
            try await $0.reclaimLease(
                .with {
                    $0.lease = lease ?? ""
                    $0.now = now
                    $0.dryRun = caution.dryRun
                }, options: $1)
        }
        try output.show(ReclaimReport(leases: reply.leases.map(LeaseReport.init), dryRun: caution.dryRun))
    }
}
