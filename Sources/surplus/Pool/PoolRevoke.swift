import ArgumentParser
import Reports

struct PoolRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Put a node out of the pool, at once and for good.",
        discussion: """
            Examples:
              surplus pool revoke blade3
              surplus pool revoke blade3 --dry-run     what would end
              surplus pool revoke blade3 --yes         without being asked, in a script
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "node"), completion: .nodes)
    var node: String

    @OptionGroup var caution: CautionOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard !caution.dryRun else { return try await preview() }
        try caution.confirm("\(node) is put out of the pool for good, and the leases with it end.")
        let reply = try await connection.agent.ask(within: .seconds(60)) { [node] in
            try await $0.revokeNode(.with { $0.node = node }, options: $1)
        }
        try output.show(RevocationReport(node: .init(reply.member), told: Int(reply.told), unreachable: Int(reply.unreachable)))
    }

    private func preview() async throws {
        let agent = connection.agent
        let members = try await agent.ask { try await $0.listNodes(.init(), options: $1) }.nodes
        guard let member = members.first(where: { [$0.node, $0.name].contains(node) && $0.status == "active" }) else {
            throw Failure(object: node, fault: "no active member of this pool", remedy: "'surplus nodes' shows them")
        }
        guard !member.isSelf else {
            throw Failure(object: node, fault: "this node itself", remedy: "'surplus pool leave' leaves the pool")
        }
        let leases = try await agent.ask { try await $0.listLeases(.init(), options: $1) }.leases.filter {
            $0.peer == member.node
        }
        let told = members.filter { $0.status == "active" && !$0.isSelf && $0.node != member.node }
        try output.show(
            DryRunReport(
                command: "pool revoke", summary: "\(member.name) would be put out of the pool for good",
                effects: [.init(member.node, "be revoked")] + leases.map(DryRunReport.Effect.init(ending:))
                    + told.map { .init($0.name, $0.reachable ? "be told" : "be told when it is back") }))
    }
}
