import ArgumentParser
import Reports
import Wire

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened on this node, the newest last.",
        discussion: """
            Examples:
              surplus events                   the last 20
              surplus events --follow          and what happens from now on, until Ctrl-C
              surplus events --last 0 --json   all that is kept, as JSON Lines
            """)

    @Flag(help: "Go on with what happens from now on.")
    var follow = false

    @Option(help: ArgumentHelp("Begin with the newest so many; 0: all that are kept.", valueName: "count"))
    var last: Int32 = 20

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard last >= 0 else { throw ValidationError("--last: \(last) is negative; write how many events to show, or 0 for all") }
    }

    func run() async throws {
        try await connection.agent.connected { [output, follow, last] control in
            let request = Surplus_V1_EventsRequest.with {
                $0.follow = follow
                $0.last = last
            }
            try await control.streamEvents(request) { response in
                for try await event in response.messages { try output.showNext(EventReport(event)) }
            }
        }
    }
}
