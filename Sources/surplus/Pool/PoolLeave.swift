import ArgumentParser
import Reports

struct PoolLeave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Leave the pool. The ledger stays.",
        discussion: """
            Examples:
              surplus pool leave
              surplus pool leave --force     also with leases open or nobody to tell
            """)

    @Flag(help: "Also when leases are open, or no other node can be told.")
    var force = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [force] in
            try await $0.leavePool(.with { $0.force = force }, options: $1)
        }
        try output.show(PoolReport(reply))
    }
}
