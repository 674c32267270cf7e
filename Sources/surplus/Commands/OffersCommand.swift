import ArgumentParser
import Reports
import Resources
import Wire

struct Offers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offers",
        abstract: "Ask every peer what it would lend now.",
        discussion: """
            Examples:
              surplus offers                           as much as each would lend
              surplus offers --cpu 2 --memory 4GiB --for 1h
              surplus offers --disk 20GiB              disk is lent by itself
              surplus offers --cpu 2 --wait 1m         as soon as all of them would lend that
            """)

    @Option(help: ArgumentHelp("Only this much processing, such as 1.5.", valueName: "cores"), transform: Quantities.cores)
    var cpu: Millicores?

    @Option(help: ArgumentHelp("Only this much memory, such as 2GiB.", valueName: "size"), transform: Quantities.size)
    var memory: Bytes?

    @OptionGroup var room: DiskOptions

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("For this long, such as 1h. Default: as long as they lend.", valueName: "duration"),
        transform: Quantities.duration)
    var term: Microseconds?

    @Option(
        help: ArgumentHelp("Ask again until every peer would lend that, at most so long.", valueName: "duration"),
        transform: Quantities.duration)
    var wait: Microseconds?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try room.check(against: [("--cpu", cpu != nil), ("--memory", memory != nil)]) }

    func run() async throws {
        let reply = try await Patience(wait).ask(until: Self.allLend) {
            try await connection.agent.ask(within: .seconds(60)) { [request] in try await $0.listOffers(request, options: $1) }
        }
        try output.show(OffersReport(reply.offers))
    }

    private static func allLend(_ reply: Surplus_V1_ListOffersReply) -> Bool {
        !reply.offers.isEmpty && reply.offers.allSatisfy { $0.hasTerms }
    }

    private var request: Surplus_V1_ListOffersRequest {
        .with {
            if cpu != nil || memory != nil {
                // a program needs some of both
                $0.amounts.cpuMillicores = (cpu ?? WishOptions.leastUseful.cpu).rawValue
                $0.amounts.memoryBytes = (memory ?? WishOptions.leastUseful.memory).rawValue
            }
            if let disk = room.disk { $0.amounts.diskBytes = disk.rawValue }
            $0.termMicroseconds = term?.rawValue ?? 0
        }
    }
}
