import ArgumentParser
import Reports
import Resources

struct PoolRole: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role",
        abstract: "Say what a node may ask of the others.",
        discussion: """
            Examples:
              surplus pool role blade4 viewer      it may look, and lend, but not borrow
              surplus pool role blade4 borrower    it borrows, as nodes do when nothing was said
              surplus pool role blade1 operator    it may also manage the pool on other nodes

            What was agreed before holds to the end of its term.
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "node"))
    var node: String

    @Argument(help: ArgumentHelp("viewer, borrower or operator.", valueName: "role"), transform: Role.ofPool)
    var role: Role

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let member = try await connection.agent.ask(within: .seconds(60)) { [node, role] in
            try await $0.setNodeRole(
                .with {
                    $0.node = node
                    $0.role = role.rawValue
                }, options: $1)
        }
        try output.show(NodesReport(nodes: [.init(member)]))
    }
}

extension Role {
    /// Reads one of the roles that a pool gives.
    static func ofPool(_ text: String) throws(Failure) -> Role {
        guard let role = Role(rawValue: text), ofPools.contains(role) else {
            throw Failure(
                object: text, fault: "no role of a pool", remedy: "write \(ofPools.map(\.rawValue).joined(separator: ", "))")
        }
        return role
    }
}
