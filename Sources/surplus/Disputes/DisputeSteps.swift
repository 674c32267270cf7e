import ArgumentParser
import Reports
import Resources
import Wire

struct DisputeOpen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Say that too much was paid by a receipt.",
        discussion: """
            Examples:
              surplus dispute open rct_01jd3x9k3v8q2m7r5t6w8y0z1b --reason 'ran on half of the cores'
              surplus dispute open rct_01jd3x9k3v8q2m7r5t6w8y0z1b --amount 0.25 --reason 'one of four results is broken'

            'surplus explain LEASE' shows the receipts of a lease. Those of the last 30 days that this node has paid by can be \
            disputed. The lender is told the reason; until it gives the credits back, nothing moves.
            """)

    @Argument(help: ArgumentHelp("The receipt's id.", valueName: "receipt"), transform: Identifiers.receipt)
    var receipt: String

    @Option(help: ArgumentHelp("What is wrong, for the lender's people.", valueName: "text"))
    var reason: String

    @Option(
        help: ArgumentHelp("So many credits of it. Default: all that was paid and not disputed before.", valueName: "credits"),
        transform: Quantities.credits)
    var amount: Microcredits?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--reason: is empty; say what is wrong, the lender's people read it")
        }
        guard reason.utf8.count <= 500 else {
            throw ValidationError("--reason: has \(reason.utf8.count) bytes; write at most 500")
        }
    }

    func run() async throws {
        let request = Surplus_V1_OpenDisputeRequest.with {
            ($0.receipt, $0.reason, $0.amountMicrocredits) = (receipt, reason, amount?.rawValue ?? 0)
        }
        try output.show(
            DisputeReport(
                try await connection.agent.ask(within: .seconds(30)) { try await $0.openDispute(request, options: $1) }))
    }
}

struct DisputeAccept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Let the peer have what it says in a dispute, or a part of it.",
        discussion: """
            Examples:
              surplus dispute accept dsp_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus dispute accept dsp_01jd3x9k3v8q2m7r5t6w8y0z1a --amount 0.5

            What this node has not paid, it pays; what it was paid and the peer disputes, it gives back.
            """)

    @OptionGroup var step: DisputeStepOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try output.show(try await connection.agent.giveWay(step, withdraw: false)) }
}

struct DisputeWithdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Give up what this node has said in a dispute, or a part of it.",
        discussion: """
            Examples:
              surplus dispute withdraw dsp_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus dispute withdraw dsp_01jd3x9k3v8q2m7r5t6w8y0z1a --amount 0.5

            What this node has billed and the peer does not accept, it asks for no more; what it said against what it has paid, it \
            takes back.
            """)

    @OptionGroup var step: DisputeStepOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try output.show(try await connection.agent.giveWay(step, withdraw: true)) }
}

struct DisputeStepOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Its id.", valueName: "dispute"), transform: Identifiers.dispute)
    var dispute: String

    @Option(
        help: ArgumentHelp("Only so many credits. Default: all that is left.", valueName: "credits"),
        transform: Quantities.credits)
    var amount: Microcredits?
}

extension AgentLink {
    /// Gives way in a dispute; returns it as it is then.
    fileprivate func giveWay(_ step: DisputeStepOptions, withdraw: Bool) async throws -> DisputeReport {
        let request = Surplus_V1_ResolveDisputeRequest.with {
            ($0.dispute, $0.withdraw, $0.amountMicrocredits) = (step.dispute, withdraw, step.amount?.rawValue ?? 0)
        }
        return DisputeReport(
            try await ask(within: .seconds(30)) { try await $0.resolveDispute(request, options: $1) })
    }
}
