import ArgumentParser
import Reports
import Resources
import Wire

struct VolumeCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a shared volume, with this node as its home.",
        discussion: """
            Examples:
              surplus volume create media --size 100GiB --dry-run
              surplus volume create media --size 100GiB
              surplus volume create media --size 100GiB --replicas 3 --on blade1 --on blade2 --on blade3

            The size is that of the content; copies take as much again, each on a node of its own. Room on other nodes is borrowed \
            under leases that renew themselves, at the prices that --dry-run names, until the volume is deleted. One copy is as \
            safe as the disk that it is on.
            """)

    static let copies = 1...8
    private static let usualCopies = 2

    @Argument(
        help: ArgumentHelp("Its name: up to 64 letters, digits, '.', '_' and '-', a letter or digit first.", valueName: "name"),
        transform: VolumeText.name)
    var name: String

    @Option(
        help: ArgumentHelp("How much it can hold, such as 100GiB.", valueName: "size"), transform: VolumeText.size)
    var size: Bytes

    @Option(
        help: ArgumentHelp(
            "How many copies there are of each block, each on another node: 1 to 8. Default: 2.", valueName: "count"))
    var replicas: Int?

    @Option(
        help: ArgumentHelp(
            "A node that is to give room, by name or id. Can be repeated. Default: whoever lends it.", valueName: "node"),
        completion: .nodes)
    var on: [String] = []

    @OptionGroup var mode: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        let copies = replicas ?? Self.usualCopies
        guard Self.copies.contains(copies) else {
            throw ValidationError(
                "--replicas \(copies): out of range; write \(Self.copies.lowerBound) to \(Self.copies.upperBound)")
        }
        let nodes = Set(on).count
        guard nodes == 0 || nodes >= copies else {
            throw ValidationError(
                "--on: names \(nodes) \(nodes == 1 ? "node" : "nodes") for \(copies) copies, each of which is on another one; "
                    + "name more, or lower --replicas")
        }
    }

    func run() async throws {
        let agent = connection.agent
        let request = Surplus_V1_CreateVolumeRequest.with {
            ($0.name, $0.sizeBytes, $0.copies, $0.on) = (name, size.rawValue, UInt32(replicas ?? Self.usualCopies), on)
        }
        guard !mode.dryRun else {
            let plan = try await agent.ask(within: .seconds(60)) { try await $0.planVolume(request, options: $1) }
            return try output.show(plans: [plan], command: "volume create")
        }
        let made = try await agent.ask(within: .seconds(180)) { try await $0.createVolume(request, options: $1) }
        try output.show(VolumeReport(try await agent.status(of: made.volume)))
    }
}

extension OutputOptions {
    /// Shows what would be done; ends with 1 when some of it would be refused.
    func show(plans: [Surplus_V1_VolumePlan], command: String) throws {
        let report = VolumePlanReport(command: command, plans: plans.map(VolumePlanReport.Plan.init))
        try show(report)
        if !report.isPossible { throw ExitCode(Invocation.failureStatus) }
    }
}
