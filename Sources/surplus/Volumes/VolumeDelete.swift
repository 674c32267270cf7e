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
        guard !caution.dryRun else { return try showWhatWouldBe(status) }
        let content = Self.content(status)
        try caution.confirm("Volume '\(status.volume.name)' is deleted with \(content). Nothing brings it back.")
        let id = status.volume.volume
        let reply = try await agent.ask(within: .seconds(120)) {
            try await $0.deleteVolume(.with { $0.volume = id }, options: $1)
        }
        try output.show(
            VolumeRemovalReport(
                volume: reply.volume, name: reply.name, freed: Bytes(reply.freedBytes), unheard: reply.unheard))
    }

    private func showWhatWouldBe(_ status: Surplus_V1_VolumeStatus) throws {
        let mounts = Set(status.sessions.map(\.name)).sorted()
        guard mounts.isEmpty else {
            try output.show(
                DryRunReport(
                    command: "volume delete",
                    summary: "volume '\(status.volume.name)' would not be deleted: it is mounted on "
                        + "\(mounts.joined(separator: ", ")); unmount it there first",
                    effects: []))
            throw ExitCode(Invocation.failureStatus)
        }
        try output.show(
            DryRunReport(
                command: "volume delete", summary: "volume '\(status.volume.name)' would be deleted with \(Self.content(status))",
                effects: status.lenders.map { .init($0.name, "delete \(Bytes($0.usedBytes).shortText)") }))
    }

    /// `36 GiB in 12031 files and directories`.
    private static func content(_ status: Surplus_V1_VolumeStatus) -> String {
        Bytes(status.volume.usedBytes).shortText + (status.hasRisk ? " in \(status.files) files and directories" : "")
    }
}
