import ArgumentParser
import Reports
import Wire

struct ObligationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "obligation",
        abstract: "See and change what is owed in kind.",
        discussion: """
            Examples:
              surplus run --defer 100% --due +30d -- PROGRAM    owe what it uses in kind
              surplus obligation list
              surplus run --redeem obl_01jd3x9k3v8q2m7r5t6w8y0z1a -- PROGRAM             use what a peer owes
              surplus obligation cancel obl_01jd3x9k3v8q2m7r5t6w8y0z1a                   ask for it no more
              surplus obligation postpone obl_01jd3x9k3v8q2m7r5t6w8y0z1a --until +14d
              surplus obligation offset obl_01jd3x9k3v8q2m7r5t6w8y0z1a                   take what both owe off both

            A change needs the peer's word, too: it is asked, and both sign. What is left of an obligation at the end of its
            window becomes credits at the prices of its agreement, with the agreed premium where its debtor was asked in time and
            did not give it. Changes need the right 'own'; the audit log has each.
            """,
        subcommands: [
            ObligationList.self, ObligationShow.self, ObligationCancel.self, ObligationPostpone.self, ObligationOffset.self,
        ])
}

struct ObligationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what is owed in kind, what falls due first in front.",
        discussion: """
            Examples:
              surplus obligation list
              surplus obligation list --peer node2 --all
              surplus obligation list --json | jq -r '.obligations[] | select(.owed_to_us) | .obligation'
            """)

    @Flag(help: "Also those that were settled in the last seven days.")
    var all = false

    @Option(help: ArgumentHelp("Only with this node, by name or id.", valueName: "node"), completion: .nodes)
    var peer: String = ""

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { [all, peer] in
            try await $0.listObligations(.with { ($0.all, $0.peer) = (all, peer) }, options: $1)
        }
        try output.show(ObligationsReport(reply.obligations.map(ObligationReport.init)))
    }
}

struct ObligationShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one obligation.",
        discussion: """
            Examples:
              surplus obligation show obl_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "obligation"), transform: Identifiers.obligation)
    var obligation: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.listObligations(.with { $0.all = true }, options: $1) }
        guard let found = reply.obligations.first(where: { $0.obligation == obligation }) else {
            throw Failure(
                object: obligation, fault: "is not known here", remedy: "'surplus obligation list --all' shows those there are")
        }
        try output.show(ObligationReport(found))
    }
}
