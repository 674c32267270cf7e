import ArgumentParser
import Reports
import Resources
import Wire

struct VolumeGrow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grow", abstract: "Let a volume hold more.",
        discussion: """
            Examples:
              surplus volume grow media --size 200GiB --dry-run
              surplus volume grow media --size 200GiB

            More room is borrowed first; when nobody lends it, the volume stays as it is.
            """)

    @OptionGroup var change: VolumeSizeOptions
    @OptionGroup var mode: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let now = Bytes(try await connection.agent.status(of: change.volume).volume.sizeBytes)
        guard change.size > now else {
            throw Failure(
                object: "--size \(change.size.text)", fault: "not more than the \(now.text) of '\(change.volume)'",
                remedy: "write more, or use 'surplus volume shrink'", status: Invocation.usageStatus)
        }
        try await change.perform("volume grow", connection.agent, mode, output)
    }
}

struct VolumeShrink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shrink", abstract: "Let a volume hold less, and give room back.",
        discussion: """
            Examples:
              surplus volume shrink media --size 50GiB --dry-run
              surplus volume shrink media --size 50GiB

            What is in it must fit. Leases that are not needed any more are ended, or smaller ones borrowed instead of them. It goes \
            on when this command is interrupted.
            """)

    @OptionGroup var change: VolumeSizeOptions
    @OptionGroup var mode: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let volume = try await connection.agent.status(of: change.volume).volume
        guard change.size < Bytes(volume.sizeBytes) else {
            throw Failure(
                object: "--size \(change.size.text)",
                fault: "not less than the \(Bytes(volume.sizeBytes).text) of '\(change.volume)'",
                remedy: "write less, or use 'surplus volume grow'", status: Invocation.usageStatus)
        }
        guard change.size >= Bytes(volume.usedBytes) else {
            throw Failure(
                object: "--size \(change.size.text)", fault: "'\(change.volume)' has \(Bytes(volume.usedBytes).shortText) in it",
                remedy: "write at least \(Self.least(volume).text), or delete files first")
        }
        try await change.perform("volume shrink", connection.agent, mode, output)
    }

    /// The smallest size in whole MiB that what is in a volume fits into.
    private static func least(_ volume: Surplus_V1_VolumeInfo) -> Bytes {
        .mebibytes(Bytes(volume.usedBytes).rawValue / Bytes.mebibytes(1).rawValue + 1)
    }
}

struct VolumeSizeOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Its name or id.", valueName: "volume"), completion: .volumes)
    var volume: String

    @Option(help: ArgumentHelp("How much it is to hold in all, such as 200GiB.", valueName: "size"), transform: VolumeText.size)
    var size: Bytes
}

extension VolumeSizeOptions {
    fileprivate func perform(
        _ command: String, _ agent: AgentLink, _ mode: DryRunOptions, _ output: OutputOptions
    ) async throws {
        let request = Surplus_V1_ResizeVolumeRequest.with { ($0.volume, $0.sizeBytes) = (volume, size.rawValue) }
        guard !mode.dryRun else {
            let plan = try await agent.ask(within: .seconds(60)) { try await $0.planResize(request, options: $1) }
            return try output.show(plans: [plan], command: command)
        }
        try await agent.work(command, output) { try await $0.resizeVolume(request, options: $1, onResponse: $2) }
    }
}
