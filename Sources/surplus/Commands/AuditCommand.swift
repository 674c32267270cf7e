import ArgumentParser
import Reports
import Resources

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show who changed what on this node, and who was refused. For operators and owners.",
        discussion: """
            Examples:
              surplus audit                       the last week
              surplus audit --since 1h --user anna@pool
              surplus audit --last 20 --json

            Users of this machine are shown as anna, users of the pool as anna@pool, nodes as blade1@node.
            """)

    @Option(
        help: ArgumentHelp("How far to look back. Default: 7d.", valueName: "duration"), transform: Quantities.duration)
    var since: Microseconds?

    @Option(help: ArgumentHelp("Only what this user did, as it is shown.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("At most so many, the newest: 1 to 2000. Default: 1000.", valueName: "count"))
    var last: Int32 = 1000

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...2000).contains(last) else { throw ValidationError("--last: \(last) is out of range; write 1 to 2000") }
    }

    func run() async throws {
        let start = Terminal.now() + -(since ?? .days(7))
        let reply = try await connection.agent.ask { [user, last] in
            try await $0.listAudit(
                .with {
                    $0.since = start.microseconds
                    $0.user = user ?? ""
                    $0.last = last
                }, options: $1)
        }
        try output.show(AuditReport(calls: reply.entries.map(AuditReport.Call.init), more: reply.more))
    }
}
