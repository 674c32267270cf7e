import ArgumentParser
import Reports
import Resources
import Wire

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show what happened on this node, the newest last.",
        discussion: """
            Examples:
              surplus events                   the last 20
              surplus events --follow          and what happens from now on, until Ctrl-C
              surplus events --last 0 --json   all that is kept, as JSON Lines
              surplus events --follow --kind 'lease.*' --kind job.finished
              surplus events --id lse_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @Flag(help: "Go on with what happens from now on.")
    var follow = false

    @Option(help: ArgumentHelp("Begin with the newest so many; 0: all that are kept.", valueName: "count"))
    var last: Int32 = 20

    @Option(help: ArgumentHelp("Only this kind, such as lease.granted or 'lease.*'. Can be repeated.", valueName: "kind"))
    var kind: [String] = []

    @Option(
        help: ArgumentHelp("Only what concerns this id, or the node or volume of this name.", valueName: "id"),
        transform: Identifiers.any)
    var id: String?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        for kind in kind where EventPattern(kind) == nil {
            throw ValidationError("--kind: '\(kind)' is no kind of event; write one such as lease.granted, lease.* or *")
        }
        guard last >= 0 else { throw ValidationError("--last: \(last) is negative; write how many events to show, or 0 for all") }
    }

    func run() async throws {
        try await connection.agent.connected { [output, follow, last, kind, id] control in
            let request = Surplus_V1_EventsRequest.with {
                $0.follow = follow
                $0.last = last
                $0.kinds = kind
                $0.id = id ?? ""
            }
            try await control.streamEvents(request) { response in
                for try await event in response.messages { try output.showNext(EventReport(event)) }
            }
        }
    }
}
