import ArgumentParser
import Reports
import Resources

struct Offers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask every peer what it would lend now.",
        discussion: """
            Examples:
              surplus offers                           as much as each would lend
              surplus offers --cpu 2 --memory 4GiB --for 1h
            """)

    @Option(help: ArgumentHelp("Only this much processing, such as 1.5.", valueName: "cores"), transform: Quantities.cores)
    var cpu: Millicores?

    @Option(help: ArgumentHelp("Only this much memory, such as 2GiB.", valueName: "size"), transform: Quantities.size)
    var memory: Bytes?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("For this long, such as 1h. Default: as long as they lend.", valueName: "duration"),
        transform: Quantities.duration)
    var term: Microseconds?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [cpu, memory, term] in
            try await $0.listOffers(
                .with {
                    if cpu != nil || memory != nil {
                        // a program needs some of both
                        $0.amounts.cpuMillicores = (cpu ?? WishOptions.leastUseful.cpu).rawValue
                        $0.amounts.memoryBytes = (memory ?? WishOptions.leastUseful.memory).rawValue
                    }
                    $0.termMicroseconds = term?.rawValue ?? 0
                }, options: $1)
        }
        try output.show(OffersReport(reply.offers))
    }
}
