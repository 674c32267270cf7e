import ArgumentParser
import Reports
import Wire

struct DisputeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dispute",
        abstract: "See, open and settle disputes about what was billed.",
        discussion: """
            Examples:
              surplus dispute list
              surplus dispute show dsp_01jd3x9k3v8q2m7r5t6w8y0z1a                     what each side says
              surplus dispute open rct_01jd3x9k3v8q2m7r5t6w8y0z1b --reason 'ran on half of the cores'
              surplus dispute accept dsp_01jd3x9k3v8q2m7r5t6w8y0z1a --amount 0.5      half a credit of it
              surplus dispute withdraw dsp_01jd3x9k3v8q2m7r5t6w8y0z1a

            A node disputes by itself what it does not hold plausible of a receipt; people can dispute what was paid. What is in \
            dispute stands apart from all balances and holds up nothing else. Either side can give way, in all of it or in a part: \
            together that is an agreement. Nobody can be made to. To open one, to accept and to withdraw need the right 'own'; the audit \
            log has each.
            """,
        subcommands: [
            DisputeList.self, DisputeShow.self, DisputeOpen.self, DisputeAccept.self, DisputeWithdraw.self,
        ])
}

struct DisputeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what is in dispute, the oldest first.",
        discussion: """
            Examples:
              surplus dispute list
              surplus dispute list --peer node2 --all
              surplus dispute list --json | jq -r '.disputes[] | select(.next == "accept").dispute'
            """)

    @Flag(help: "Also those that were over in the last forty days.")
    var all = false

    @Option(help: ArgumentHelp("Only with this node, by name or id.", valueName: "node"), completion: .nodes)
    var peer: String = ""

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { [all, peer] in
            try await $0.listDisputes(.with { ($0.all, $0.peer) = (all, peer) }, options: $1)
        }
        try output.show(DisputesReport(reply.disputes.map(DisputeReport.init)))
    }
}

struct DisputeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one dispute, with what each side says.",
        discussion: """
            Examples:
              surplus dispute show dsp_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "dispute"), transform: Identifiers.dispute)
    var dispute: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.listDisputes(.with { $0.all = true }, options: $1) }
        guard let found = reply.disputes.first(where: { $0.dispute == dispute }) else {
            throw Failure(
                object: dispute, fault: "is not known here", remedy: "'surplus dispute list --all' shows those there are")
        }
        try output.show(DisputeReport(found))
    }
}
