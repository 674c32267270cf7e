import ArgumentParser
import Reports
import Wire

struct VolumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume",
        abstract: "Make, watch and change shared volumes: file systems on room that several nodes lend.",
        discussion: """
            Examples:
              surplus volume create media --size 100GiB --replicas 2 --dry-run    where it would go, and whether there is room
              surplus volume create media --size 100GiB --replicas 2
              surplus volume list
              surplus volume status media              healthy or not, what is at risk, what is being done
              surplus volume evacuate blade3           move all blocks off a node
              surplus volume takeover media            after its home was lost, on one of its backups
              sudo mount -t surplus media /mnt/media

            The metadata of a volume is kept by its home, the node on which it was made, and its journal also by backups. Its \
            blocks are on all nodes that lend room to it, each on as many as there are copies. What changes a volume is asked of \
            its home. To look needs the right 'look', to mount 'borrow', to change 'operate'.
            """,
        subcommands: [
            VolumeCreate.self, VolumeList.self, VolumeStatus.self, VolumeGrow.self, VolumeShrink.self, VolumeEvacuate.self,
            VolumeScrub.self, VolumeCheck.self, VolumeTakeOver.self, VolumeDelete.self,
        ])
}

struct VolumeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the shared volumes of the pool.",
        discussion: """
            Examples:
              surplus volume list
              surplus volume list --json | jq -r '.volumes[] | select(.health != "healthy").name'

            All members are asked which volumes they keep.
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try output.show(VolumesReport(try await connection.agent.ask { try await $0.listVolumes(.init(), options: $1) }))
    }
}

struct VolumeStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a volume is: healthy or not, what is at risk, what is being done, and for how long.",
        discussion: """
            Examples:
              surplus volume status media
              surplus volume status media --json | jq '.risk.single_blocks'
            """)

    @Argument(help: ArgumentHelp("Its name or id.", valueName: "volume"), completion: .volumes)
    var volume: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try output.show(VolumeReport(try await connection.agent.status(of: volume))) }
}

extension AgentLink {
    /// How a volume is.
    func status(of volume: String) async throws -> Surplus_V1_VolumeStatus {
        try await ask { try await $0.getVolume(.with { $0.volume = volume }, options: $1) }
    }
}
