import ArgumentParser
import Reports

struct PoolLeave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Leave the pool. The ledger stays.",
        discussion: """
            Examples:
              surplus pool leave
              surplus pool leave --dry-run         what would be lost
              surplus pool leave --force --yes     also with leases open or nobody to tell, without being asked
            """)

    @Flag(help: "Also when leases are open, or no other node can be told.")
    var force = false

    @OptionGroup var caution: CautionOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard !caution.dryRun else { return try await preview() }
        try caution.confirm("This node leaves its pool: it needs a new token, and becomes a new member, to come back.")
        let reply = try await connection.agent.ask(within: .seconds(60)) { [force] in
            try await $0.leavePool(.with { $0.force = force }, options: $1)
        }
        try output.show(PoolReport(reply))
    }

    private func preview() async throws {
        let agent = connection.agent
        let status = try await agent.ask { try await $0.getStatus(.init(), options: $1) }
        guard !status.pool.isEmpty else {
            throw Failure(object: status.name, fault: "in no pool", remedy: "'surplus pool join' joins one")
        }
        let leases = try await agent.ask { try await $0.listLeases(.init(), options: $1) }.leases
        let isHindered = !leases.isEmpty && !force
        try output.show(
            DryRunReport(
                command: "pool leave",
                summary: isHindered
                    ? "it would be refused while leases are not settled; with --force they would be lost"
                    : "\(status.name) would leave the pool '\(status.poolName)'; its ledger stays",
                effects: [.init(status.node, isHindered ? "stay" : "leave")]
                    + leases.map(DryRunReport.Effect.init(ending:))))
    }
}
