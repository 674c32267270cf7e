import ArgumentParser
import Reports
import Wire

struct VolumeEvacuate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evacuate", abstract: "Move all blocks off a node, and give its room back.",
        discussion: """
            Examples:
              surplus volume evacuate blade3 --dry-run        how much it is, and where it would go
              surplus volume evacuate blade3
              surplus volume evacuate blade3 --volume media   of one volume alone

            No new blocks go there; each block gets its copies elsewhere, and is deleted there only then. Without --volume this is \
            done for all volumes whose home this node is; those of other homes are named. It goes on when this command is \
            interrupted; asked for again it is joined. An owner who wants room back needs none of it: 'surplus reclaim' or a \
            policy that lends less begins the same.
            """)

    @Argument(help: ArgumentHelp("The node, by name or id.", valueName: "node"), completion: .nodes)
    var node: String

    @Option(help: ArgumentHelp("Only this volume, by name or id.", valueName: "volume"), completion: .volumes)
    var volume: String = ""

    @OptionGroup var mode: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let request = Surplus_V1_EvacuateVolumeRequest.with { ($0.node, $0.volume) = (node, volume) }
        guard !mode.dryRun else {
            let plans = try await connection.agent.ask(within: .seconds(60)) { try await $0.planEvacuation(request, options: $1) }
            return try output.show(plans: plans.plans, command: "volume evacuate")
        }
        try await connection.agent.work("volume evacuate", output) {
            try await $0.evacuateVolume(request, options: $1, onResponse: $2)
        }
    }
}
