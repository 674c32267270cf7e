import ArgumentParser
import Reports
import Wire

struct VolumeScrub: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub", abstract: "Read every copy of every block, and replace those that are damaged.",
        discussion: """
            Examples:
              surplus volume scrub media
              surplus volume scrub media --json | jq '.outcomes[].findings'

            It goes on when this command is interrupted; asked for again it is joined.

            Exit status: 0 when nothing is wrong any more, 1 when a block has no good copy left or it could not be done, 2 when \
            the command line is wrong.
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "volume"), completion: .volumes)
    var volume: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let request = Surplus_V1_ScrubVolumeRequest.with { $0.volume = volume }
        try await connection.agent.work("volume scrub", output) {
            try await $0.scrubVolume(request, options: $1, onResponse: $2)
        }
    }
}

struct VolumeCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Compare a volume's metadata with itself, and with what the nodes have. Changes nothing.",
        discussion: """
            Examples:
              surplus volume check media
              surplus volume check media --json | jq '.outcomes[].findings'

            Exit status: 0 when nothing is wrong, 1 when something is or it could not be done, 2 when the command line is wrong.
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "volume"), completion: .volumes)
    var volume: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let request = Surplus_V1_CheckVolumeRequest.with { $0.volume = volume }
        try await connection.agent.work("volume check", output) {
            try await $0.checkVolume(request, options: $1, onResponse: $2)
        }
    }
}
