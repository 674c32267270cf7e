import ArgumentParser
import Reports
import Resources
import Wire

struct VolumeDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a volume with all that is in it.",
        discussion: """
            Examples:
              surplus volume delete media --dry-run
              surplus volume delete media
              surplus volume delete media --yes     without being asked

            Nothing brings it back. Nodes that are away delete what they have once they are heard of again.
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "volume"), completion: .volumes)
    var volume: String

    @OptionGroup var caution: CautionOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let agent = connection.agent
        let status = try await agent.status(of: volume)
        let content = Self.content(status)
        guard !caution.dryRun else {
            return try output.show(
                DryRunReport(
                    command: "volume delete", summary: "volume '\(status.volume.name)' would be deleted with \(content)",
                    effects: status.lenders.map { .init($0.name, "delete \(Bytes($0.usedBytes).shortText)") }))
        }
        try caution.confirm("Volume '\(status.volume.name)' is deleted with \(content). Nothing brings it back.")
        let id = status.volume.volume
        let reply = try await agent.ask(within: .seconds(120)) {
            try await $0.deleteVolume(.with { $0.volume = id }, options: $1)
        }
        try output.show(
            VolumeRemovalReport(
                volume: reply.volume, name: reply.name, freed: Bytes(reply.freedBytes), unheard: reply.unheard))
    }

    /// `36 GiB in 12031 files, mounted on blade1, blade2`.
    private static func content(_ status: Surplus_V1_VolumeStatus) -> String {
        let files = status.hasRisk ? " in \(status.files) files and directories" : ""
        let nodes = Set(status.sessions.map(\.name)).sorted()
        return Bytes(status.volume.usedBytes).shortText + files
            + (nodes.isEmpty ? "" : ", and is mounted on \(nodes.joined(separator: ", "))")
    }
}
