import ArgumentParser
import Reports
import Resources
import Wire

struct ObligationCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ask for what a peer owes in kind no more, or for less.",
        discussion: """
            Examples:
              surplus obligation cancel obl_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus obligation cancel obl_01jd3x9k3v8q2m7r5t6w8y0z1a --cpu 2.5     so many core-hours of it
              surplus obligation cancel obl_01jd3x9k3v8q2m7r5t6w8y0z1a --cpu '0.12 core-s' --memory '5604 MiB-s'

            Without --cpu and --memory all that is left is cancelled; with one of them nothing of the other resource.
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "obligation"), transform: Identifiers.obligation)
    var obligation: String

    @Option(
        help: ArgumentHelp("Only so many core-hours, or as lists show it, such as '0.12 core-s'.", valueName: "amount"),
        transform: Quantities.coreTime)
    var cpu: CoreMicroseconds?

    @Option(
        help: ArgumentHelp("Only so many GiB-hours, or as lists show it, such as '5604 MiB-s'.", valueName: "amount"),
        transform: Quantities.memoryTime)
    var memory: MiBSeconds?

    @Option(
        help: ArgumentHelp(
            "Only so many GiB-hours of disk, or as lists show it, such as '5604 MiB-s'.", valueName: "amount"),
        transform: Quantities.memoryTime)
    var disk: MiBSeconds?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let usage = Usage(cpu: cpu ?? .zero, memory: memory ?? .zero, disk: disk ?? .zero)
        try output.show(
            try await connection.agent.adjust(obligation) { request in
                request.cancel = .with {
                    ($0.cpuCoreMicroseconds, $0.memoryMibSeconds) = (usage.cpu.rawValue, usage.memory.rawValue)
                    $0.diskMibSeconds = usage.disk.rawValue
                }
            })
    }
}

struct ObligationPostpone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postpone", abstract: "Let what is owed in kind fall due later, if the peer agrees.",
        discussion: """
            Examples:
              surplus obligation postpone obl_01jd3x9k3v8q2m7r5t6w8y0z1a --until +14d
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "obligation"), transform: Identifiers.obligation)
    var obligation: String

    @Option(
        help: ArgumentHelp("The new end: a time, such as 2026-12-24, or +14d from now.", valueName: "time"),
        transform: Quantities.due)
    var until: Timestamp

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try output.show(
            try await connection.agent.adjust(obligation) { [until] in $0.postponeUntil = until.microseconds })
    }
}

struct ObligationOffset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offset", abstract: "Take what this node and a peer owe each other in kind off both.",
        discussion: """
            Examples:
              surplus obligation offset obl_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus obligation offset obl_01jd3x9k3v8q2m7r5t6w8y0z1a --against obl_01jd4a0c5v8q2m7r5t6w8y0z1b
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "obligation"), transform: Identifiers.obligation)
    var obligation: String

    @Option(
        help: ArgumentHelp(
            "Which in the other direction. Default: the one that falls due first.", valueName: "obligation"),
        transform: Identifiers.obligation)
    var against: String?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard against != obligation else {
            throw ValidationError("--against is the obligation itself; name one in the other direction, or leave it out")
        }
    }

    func run() async throws {
        try output.show(
            try await connection.agent.adjust(obligation) { [against] in $0.offsetAgainst = against ?? "best" })
    }
}

extension AgentLink {
    /// Asks for a change of an obligation; returns it as it is then.
    fileprivate func adjust(
        _ obligation: String, _ wish: @escaping @Sendable (inout Surplus_V1_AdjustObligationRequest) -> Void
    ) async throws -> ObligationReport {
        let request = Surplus_V1_AdjustObligationRequest.with {
            $0.obligation = obligation
            wish(&$0)
        }
        return ObligationReport(
            try await ask(within: .seconds(30)) { try await $0.adjustObligation(request, options: $1) })
    }
}
