import ArgumentParser
import Configuration
import Reports
import Wire

struct PolicyApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Lend by another policy from now on.",
        discussion: """
            Examples:
              surplus policy apply night.yaml
              surplus policy apply closed               lend nothing any more
              surplus policy apply night.yaml --dry-run

            A faulty file changes nothing. Running leases are made smaller or get notice where the new policy asks for that.
            The policy stays in force over restarts, until another is applied, 'surplus policy reset' returns to the one
            in the agent's configuration, or the agent is told to reload that (SIGHUP).
            """)

    @OptionGroup var policy: PolicyArgument

    @Flag(help: "Only say what it would do.")
    var dryRun = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let file = try policy.load()
        try await Self.apply(file, dryRun: dryRun, connection, output)
    }

    /// - Parameter file: `nil` for the configured one.
    static func apply(
        _ file: PolicyFile?, dryRun: Bool, _ connection: AgentOptions, _ output: OutputOptions
    ) async throws {
        let request = Surplus_V1_ApplyPolicyRequest.with {
            if let file { $0.source = Surplus_V1_PolicySource(file.source) }
        }
        let reply = try await connection.agent.ask { agent, options in
            dryRun
                ? try await agent.previewPolicy(request, options: options)
                : try await agent.applyPolicy(request, options: options)
        }
        PolicyArgument.tell(reply.notes)
        try output.show(
            PolicyApplyReport(
                policy: reply.name, changed: reply.changed, dryRun: dryRun, effects: reply.effects.map(PolicyEffect.init)))
    }
}

struct PolicyReset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Lend by the policy in the agent's configuration again.",
        discussion: """
            Examples:
              surplus policy reset
              surplus policy reset --dry-run
            """)

    @Flag(help: "Only say what it would do.")
    var dryRun = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try await PolicyApply.apply(nil, dryRun: dryRun, connection, output) }
}

extension PolicyEffect {
    init(_ message: Surplus_V1_PolicyEffect) {
        self.init(
            lease: message.lease, peerName: message.peerName, user: message.user, kind: message.kind,
            amounts: message.hasAmounts ? .init(shown: message.amounts) : nil,
            remaining: message.kind == "reclaimed" ? .init(message.remainingMicroseconds) : nil, reason: message.reason)
    }
}
