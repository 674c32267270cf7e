import ArgumentParser
import Reports
import Resources
import Wire

struct LeaseRequest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Ask the peers for a lease and take the best offer.",
        discussion: """
            Examples:
              surplus lease request --cpu 2 --memory 1GiB --for 30m
              surplus lease request --cpu 8 --least-cpu 2 --max-price 0.5
              surplus lease request --cpu 4 --dry-run     who would lend that, and for how much
              lease=$(surplus lease request --json | jq -r .lease)

            Without --for the lease renews itself until it is released.
            """)

    @OptionGroup var wish: WishOptions

    @Option(
        help: ArgumentHelp("Be content with this much processing. Default: --cpu.", valueName: "cores"),
        transform: Quantities.cores)
    var leastCpu: Millicores?

    @Option(
        help: ArgumentHelp("Be content with this much memory. Default: --memory.", valueName: "size"), transform: Quantities.size)
    var leastMemory: Bytes?

    @OptionGroup var dryRun: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let leastCpu, leastCpu > wish.amounts.cpu {
            throw ValidationError("--least-cpu: more than --cpu; write at most \(wish.amounts.cpu.text)")
        }
        if let leastMemory, leastMemory > wish.amounts.memory {
            throw ValidationError("--least-memory: more than --memory; write at most \(wish.amounts.memory.text)")
        }
    }

    func run() async throws {
        var request = wish.request
        if let leastCpu { request.least.cpuMillicores = leastCpu.rawValue }
        if let leastMemory { request.least.memoryBytes = leastMemory.rawValue }
        if dryRun.dryRun {
            let preview = try await LeasePreview.ask(connection.agent, request)
            try output.show(preview.report(command: "lease request", purpose: nil))
            guard preview.isPossible else { throw ExitCode(Invocation.failureStatus) }
            return
        }
        let reply = try await connection.agent.ask(within: .seconds(120)) { [request] in
            try await $0.requestLease(request, options: $1)
        }
        guard reply.hasLease else {
            throw Failure(object: "lease", fault: RefusalFigures(reply.refusal).text)
        }
        try output.show(LeaseReport(reply.lease))
        let granted = Microseconds(reply.lease.terms.termMicroseconds)
        if let term = wish.term, granted < term {
            Terminal.note("lent for \(granted.text), not \(term.text): 'surplus lease renew' prolongs it")
        }
    }
}
