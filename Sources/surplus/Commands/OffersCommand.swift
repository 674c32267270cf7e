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
        name: .customLong("for"), help: ArgumentHelp("For this long, such as 1h. Default: 10m.", valueName: "duration"),
        transform: Quantities.duration)
    var term: Microseconds = .minutes(10)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask(within: .seconds(60)) { [cpu, memory, term] in
            try await $0.listOffers(
                .with {
                    if let cpu { $0.amounts.cpuMillicores = cpu.rawValue }
                    if let memory { $0.amounts.memoryBytes = memory.rawValue }
                    $0.termMicroseconds = term.rawValue
                }, options: $1)
        }
        try output.show(OffersReport(reply.offers))
    }
}
