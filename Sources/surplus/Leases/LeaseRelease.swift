import ArgumentParser
import Reports

struct LeaseRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Give a borrowed lease back; what runs under it ends.",
        discussion: """
            Examples:
              surplus lease release lse_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "lease"))
    var lease: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [lease] in
            try await $0.releaseLease(.with { $0.lease = lease }, options: $1)
        }
        try output.show(LeaseReport(reply))
    }
}
