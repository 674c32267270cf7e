import ArgumentParser
import Reports
import Resources
import Wire

struct PauseLending: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "As the owner, lend nothing for a while: leases get their notice, and nothing new is offered.",
        discussion: """
            Examples:
              surplus pause                     until 'surplus resume'
              surplus pause --for 2h            and lend again by itself
              surplus pause --now --dry-run     what ending all leases at once would cost
              surplus pause --now --yes         at once, paying for the notice

            It holds over a restart of the agent. What this node borrows is not touched.
            """)

    @Option(
        name: .customLong("for"), help: ArgumentHelp("For how long. Default: until it is resumed.", valueName: "duration"),
        transform: Quantities.duration)
    var term: Microseconds?

    @Flag(help: "End lent leases without waiting for their notice, paying for it.")
    var now = false

    @OptionGroup var caution: CautionOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        if now { try caution.confirm("Every lent lease ends at once, with what runs under it, and its notice is paid for.") }
        let reply = try await connection.agent.ask(within: .seconds(60)) { [term, now, caution] in
            try await $0.pauseLending(
                .with {
                    $0.termMicroseconds = term?.rawValue ?? 0
                    $0.now = now
                    $0.dryRun = caution.dryRun
                }, options: $1)
        }
        try output.show(PauseReport(reply, dryRun: caution.dryRun))
    }
}

struct ResumeLending: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "As the owner, lend again after 'surplus pause'.",
        discussion: """
            Examples:
              surplus resume
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { try await $0.resumeLending(.init(), options: $1) }
        try output.show(PauseReport(reply, dryRun: false))
    }
}

extension PauseFigures {
    init(_ message: Surplus_V1_PauseInfo) {
        self.init(by: message.by, since: CivilTime(microseconds: message.since), until: CivilTime(microseconds: message.until))
    }
}

extension PauseReport {
    fileprivate init(_ message: Surplus_V1_PauseReply, dryRun: Bool) {
        self.init(
            pause: message.hasPause ? PauseFigures(message.pause) : nil, wasPaused: message.wasPaused, dryRun: dryRun,
            leases: message.leases.map(LeaseReport.init))
    }
}
