import ArgumentParser
import Reports
import Resources
import Wire

struct LeaseRenew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew",
        abstract: "Ask the lender for more time on the same terms.",
        discussion: """
            Examples:
              surplus lease renew lse_01jd3x9k3v8q2m7r5t6w8y0z1a --for 15m
              surplus lease renew lse_01jd3x9k3v8q2m7r5t6w8y0z1a --dry-run     what that would cost at most
            """)

    @Argument(help: ArgumentHelp("Its id.", valueName: "lease"), completion: .leases, transform: Identifiers.lease)
    var lease: String

    @Option(
        name: .customLong("for"), help: ArgumentHelp("How much longer. Default: 10m.", valueName: "duration"),
        transform: Quantities.duration)
    var span: Microseconds = .minutes(10)

    @OptionGroup var dryRun: DryRunOptions
    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard !dryRun.dryRun else { return try await preview() }
        let reply = try await connection.agent.ask(within: .seconds(60)) { [lease, span] in
            try await $0.renewLease(
                .with {
                    $0.lease = lease
                    $0.extensionMicroseconds = span.rawValue
                }, options: $1)
        }
        try output.show(LeaseReport(reply))
    }

    private func preview() async throws {
        let info = try await connection.agent.ask { [lease] in try await $0.getLease(.with { $0.lease = lease }, options: $1) }
        try info.checkBorrowed()
        guard let tariff = Tariff(shown: info.terms) else {
            throw Failure(
                object: lease, fault: "a swap lasts as long as was agreed on",
                remedy: "ask for another one with 'surplus lease request'")
        }
        let ceiling = tariff.ceiling(for: Amounts(shown: info.terms.amounts), term: span)
        try output.show(
            DryRunReport(
                command: "lease renew",
                summary:
                    "\(info.peerName) would be asked for \(span.text) more, at most \(ceiling.text) would be reserved for it",
                effects: [
                    .init(
                        lease, "be renewed", terms: TermFigures(info.terms), ceiling: ceiling.credits,
                        inReturn: ceiling.inKind == .zero ? nil : "\(ceiling.inKind.text) in kind", inKind: ceiling.inKind)
                ]))
    }
}
