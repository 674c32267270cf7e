import ArgumentParser
import Reports

struct PoolUserList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the users of the pool, as this node knows them.",
        discussion: """
            Examples:
              surplus pool user list
              surplus pool user list --json
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.listUsers(.init(), options: $1) }
        try output.show(UsersReport(users: reply.users.map(UsersReport.User.init)))
    }
}
