import ArgumentParser
import Reports
import Resources
import Wire

struct EnforcerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enforcer",
        abstract: "Show how guests are kept within what the owner allows.",
        discussion: """
            Examples:
              surplus enforcer status               what is held to what now
              surplus enforcer history --since 1d   what was taken and given back, with the readings

            Guests are shaped, throttled, frozen, and ended, in this order, when owner and guests together exceed the owner's
            threshold. Docs/lending-safely.md explains each step.
            """,
        subcommands: [EnforcerStatus.self, EnforcerHistory.self], defaultSubcommand: EnforcerStatus.self)
}

struct EnforcerStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the threshold, what owner and guests use, and where each lease stands.",
        discussion: """
            Examples:
              surplus enforcer status
              surplus enforcer status --json
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.getEnforcer(.init(), options: $1) }
        try output.show(EnforcerReport(reply))
    }
}

struct EnforcerHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the steps on the ladder, with their reasons and the readings behind them.",
        discussion: """
            Examples:
              surplus enforcer history
              surplus enforcer history --lease lse_01m8k3x9p2t4v6w8y0a1c3e5g7 --since 1h
              surplus enforcer history --last 20 --json

            The warden remembers the last 256 steps.
            """)

    @Option(
        help: ArgumentHelp("Of this lease only.", valueName: "lease"), completion: .leases,
        transform: Identifiers.lease)
    var lease: String?

    @Option(
        help: ArgumentHelp("How far to look back. Default: as far as is remembered.", valueName: "duration"),
        transform: Quantities.duration)
    var since: Microseconds?

    @Option(help: ArgumentHelp("At most so many, the newest: 1 to 256. Default: 50.", valueName: "count"))
    var last: Int32 = 50

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...256).contains(last) else { throw ValidationError("--last: \(last) is out of range; write 1 to 256") }
    }

    func run() async throws {
        let reply = try await connection.agent.ask { [lease, since, last] in
            try await $0.listMoves(
                .with {
                    $0.lease = lease ?? ""
                    $0.since = since.map { (Terminal.now() + -$0).microseconds } ?? 0
                    $0.last = last
                }, options: $1)
        }
        try output.show(EnforcerMovesReport(moves: reply.moves.map(EnforcerMovesReport.Move.init)))
    }
}
