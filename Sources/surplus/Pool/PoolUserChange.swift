import ArgumentParser
import Reports
import Resources

struct PoolUserChangeRole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role",
        abstract: "Give a user another role, in force at once.",
        discussion: """
            Examples:
              surplus pool user role anna operator
            """)

    @Argument(help: ArgumentHelp("The name or id.", valueName: "user"))
    var user: String

    @Argument(help: ArgumentHelp("viewer, borrower or operator.", valueName: "role"), transform: Role.ofPool)
    var role: Role

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [user, role] in
            try await $0.setUserRole(
                .with {
                    $0.user = user
                    $0.role = role.rawValue
                }, options: $1)
        }
        try output.show(UserChangeReport(reply))
    }
}

struct PoolUserRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Put a user out of the pool, at once and for good.",
        discussion: """
            Examples:
              surplus pool user revoke anna
            """)

    @Argument(help: ArgumentHelp("The name or id.", valueName: "user"))
    var user: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [user] in
            try await $0.revokeUser(.with { $0.user = user }, options: $1)
        }
        try output.show(UserChangeReport(reply))
    }
}
