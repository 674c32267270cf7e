import ArgumentParser
import Reports
import Wire

struct VolumeTakeOver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "takeover", abstract: "Make this node the home of a volume of which it is a backup.",
        discussion: """
            Examples:
              surplus volume takeover media --dry-run
              surplus volume takeover media

            For when the home is lost, or is to be elsewhere. It begins a new epoch, in which the old home can do nothing any \
            more, also when it comes back; mounts go over by themselves. It is refused as long as a node is not heard of that may \
            have acknowledged what no other one has: no change that was acknowledged is lost.
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "volume"), completion: .volumes)
    var volume: String

    @OptionGroup var mode: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let agent = connection.agent
        guard !mode.dryRun else { return try await preview(agent) }
        let taken = try await agent.ask(within: .seconds(120)) { [volume] in
            try await $0.takeOverVolume(.with { $0.volume = volume }, options: $1)
        }
        try output.show(VolumeReport(try await agent.status(of: taken.volume)))
    }

    private func preview(_ agent: AgentLink) async throws {
        let known = VolumeFigures(try await agent.status(of: volume).volume)
        let own = try await agent.ask { try await $0.getStatus(.init(), options: $1) }
        guard known.backups.contains(own.node) else {
            let names = known.backupNames.joined(separator: " or ")
            throw Failure(
                object: known.name,
                fault: known.home == own.node ? "this node is its home already" : "this node is no backup of it",
                remedy: names.isEmpty ? "it has no backups" : "ask on \(names)")
        }
        try output.show(
            DryRunReport(
                command: "volume takeover", summary: "\(own.name) would become the home of '\(known.name)' in a new epoch",
                effects: [
                    .init(own.name, "become the home"),
                    .init(known.homeName, known.reachable ? "be the home no more" : "be the home no more, once it is back"),
                ]))
    }
}
