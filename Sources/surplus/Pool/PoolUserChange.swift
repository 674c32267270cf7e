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
              surplus pool user revoke anna --yes      without being asked, in a script
            """)

    @Argument(help: ArgumentHelp("The name or id.", valueName: "user"))
    var user: String

    @OptionGroup var caution: CautionOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard !caution.dryRun else { return try await preview() }
        try caution.confirm("\(user) is put out of the pool for good; the name is not used again.")
        let reply = try await connection.agent.ask(within: .seconds(60)) { [user] in
            try await $0.revokeUser(.with { $0.user = user }, options: $1)
        }
        try output.show(UserChangeReport(reply))
    }

    private func preview() async throws {
        let users = try await connection.agent.ask { try await $0.listUsers(.init(), options: $1) }.users
        guard let found = users.first(where: { [$0.user, $0.name].contains(user) && $0.status == "active" }) else {
            throw Failure(object: user, fault: "no active user of this pool", remedy: "'surplus pool user list' shows them")
        }
        try output.show(
            DryRunReport(
                command: "pool user revoke", summary: "\(found.name) would be put out of the pool for good",
                effects: [.init(found.user, "be revoked")]))
    }
}
