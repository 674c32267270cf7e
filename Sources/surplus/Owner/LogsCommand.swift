import ArgumentParser
import Reports
import Resources
import Wire

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show the agent's own log, the newest last.",
        discussion: """
            Examples:
              surplus logs                              the last 100 entries
              surplus logs --follow                     and what comes, until Ctrl-C
              surplus logs --since 1h --level warning   what went wrong in the last hour
              surplus logs -n 0 --json                  all that is kept, as JSON Lines

            The agent keeps its last 10,000 entries in memory, 2 MiB at most. It writes all of them to its standard error,
            as does surplus-warden: whatever started the two has them, a file, or the journal of a supervisor. What a job
            wrote is shown by 'surplus job logs'.
            """)

    /// From the worst to the least.
    enum Level: String, CaseIterable, ExpressibleByArgument { case critical, error, warning, notice, info, debug, trace }

    @Flag(name: .shortAndLong, help: "Go on with what comes.")
    var follow = false

    @Option(
        name: [.customShort("n"), .customLong("last")],
        help: ArgumentHelp(
            "Begin with the newest so many; 0: all. Default: 100, or all with --since.", valueName: "count"))
    var last: Int32?

    @Option(
        help: ArgumentHelp("Only what is not older, such as 1h.", valueName: "duration"), transform: Quantities.duration)
    var since: Microseconds?

    @Option(help: ArgumentHelp("Only this or worse.", valueName: "level"))
    var level: Level?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard last ?? 0 >= 0 else {
            throw ValidationError("--last: \(last ?? 0) is negative; write how many entries to show, or 0 for all")
        }
    }

    func run() async throws {
        let request = Surplus_V1_LogRequest.with {
            $0.follow = follow
            $0.last = last ?? (since == nil ? 100 : 0)
            $0.since = since.map { (Terminal.now() + -$0).microseconds } ?? 0
            $0.level = level?.rawValue ?? ""
        }
        try await connection.agent.connected { [output] control in
            try await control.streamLog(request) { response in
                for try await entry in response.messages { try output.showNext(LogReport(entry)) }
            }
        }
    }
}

extension LogReport {
    fileprivate init(_ message: Surplus_V1_LogEntry) {
        self.init(
            sequence: message.sequence, at: CivilTime(Timestamp(microseconds: message.at)), level: message.level,
            message: message.message, fields: message.fields, missed: message.missed)
    }
}
