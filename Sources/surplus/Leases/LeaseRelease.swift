import ArgumentParser
import Reports
import Resources

struct LeaseRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give a borrowed lease back; what runs under it ends.",
        discussion: """
            Examples:
              surplus lease release lse_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus lease release lse_01jd3x9k3v8q2m7r5t6w8y0z1a --dry-run     which jobs would end
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "lease"), completion: .leases, transform: Identifiers.lease)
    var lease: String

    @OptionGroup var dryRun: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard !dryRun.dryRun else { return try await preview() }
        let reply = try await connection.agent.ask(within: .seconds(60)) { [lease] in
            try await $0.releaseLease(.with { $0.lease = lease }, options: $1)
        }
        try output.show(LeaseReport(reply))
    }

    private func preview() async throws {
        let info = try await connection.agent.ask { [lease] in try await $0.getLease(.with { $0.lease = lease }, options: $1) }
        try info.checkBorrowed()
        let (charged, reserved) = (Microcredits(info.chargedMicrocredits), Microcredits(info.reservedMicrocredits))
        try output.show(
            DryRunReport(
                command: "lease release",
                summary:
                    "it would be given back to \(info.peerName); \(charged.text) are paid, of \(reserved.text) reserved what "
                    + "was used since would be",
                effects: [.init(lease, "end", terms: TermFigures(info.terms), ceiling: reserved)]
                    + info.jobs.map { .init($0, "end with it") }))
    }
}
