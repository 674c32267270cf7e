import ArgumentParser
import Configuration
import Reports
import Wire

struct PolicyDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what a policy file would change, and what that would do to running leases.",
        discussion: """
            Examples:
              surplus policy diff night.yaml
              surplus policy diff blade                 against a shipped policy
              surplus policy diff night.yaml --json | jq '.changes | length'
            """)

    @OptionGroup var policy: PolicyArgument
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let file = try policy.load()
        let running = try await connection.agent.ask { try await $0.getPolicy(.init(), options: $1) }
        let request = Surplus_V1_ApplyPolicyRequest.with {
            $0.source = Surplus_V1_PolicySource(file.source)
        }
        let trial = try await connection.agent.ask { try await $0.previewPolicy(request, options: $1) }
        PolicyArgument.tell(file.notes)
        let before = PolicyOutline(try PolicyFile(running).policy)
        try output.show(
            PolicyDiffReport(
                before: running.name, after: file.policy.name,
                changes: before.differences(to: PolicyOutline(file.policy)).map {
                    .init(key: $0.key, before: $0.before, after: $0.after)
                },
                effects: trial.effects.map(PolicyEffect.init)))
    }
}

extension Surplus_V1_PolicySource {
    init(_ source: PolicySource) {
        self = .with {
            $0.files = source.files.map { file in
                .with {
                    $0.name = file.name
                    $0.content = .init(file.bytes)
                }
            }
        }
    }
}
