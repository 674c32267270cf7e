import ArgumentParser
import GRPCCore
import Reports
import Resources
import Wire

struct CreditsNet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "net",
        abstract: "Net debts that go round in a cycle of peers, as far as all on it agree.",
        discussion: """
            Examples:
              surplus credits net --dry-run      which cycles there are
              surplus credits net                net what all agree to
              surplus credits net --json | jq .we_owe_after_microcredits

            Where this node owes a peer, that one another, and so on back to this node, the least of these debts is taken off \
            all of them. Nobody's balance changes. Each member decides by its own policy ('credit: net:').
            """)

    /// More than all waves of a search take, each with as many nettings as may come of it.
    private static let patience = Duration.seconds(3600)

    @Flag(help: "Only name the cycles; net nothing.")
    var dryRun = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let console = Console(quiet: output.json || output.plain)
        let request = Surplus_V1_NetCreditsRequest.with { $0.dryRun = dryRun }
        defer { console.clear() }
        let progress = try await connection.agent.connected { control in
            var options = CallOptions.defaults
            options.timeout = Self.patience
            return try await control.netCredits(request, options: options) { [dryRun] response in
                var progress = NettingProgress(isDryRun: dryRun)
                for try await step in response.messages {
                    progress.take(step)
                    console.progress(progress.line)
                }
                return progress
            }
        }
        console.clear()
        try output.show(progress.report)
    }
}

/// What an agent has told of a search for cycles so far.
struct NettingProgress: Sendable {
    /// What is being done, in one line.
    private(set) var line = ""
    private let isDryRun: Bool
    private var totals: [Surplus_V1_DebtTotals] = []
    private var cycles: [NettingReport.Cycle] = []

    init(isDryRun: Bool) { self.isDryRun = isDryRun }

    mutating func take(_ step: Surplus_V1_NettingStep) {
        switch step.step {
        case .totals(let sums): totals.append(sums)
        case .probes(let probes):
            line = "looking for cycles (wave \(probes.wave), \(probes.peers) \(probes.peers == 1 ? "peer" : "peers"))"
        case .found(let cycle):
            if !cycles.contains(where: { $0.members == cycle.members && $0.outcome == .found }) {
                cycles.append(NettingReport.Cycle(cycle, .found))
            }
            line = "found \(cycles.count) \(cycles.count == 1 ? "cycle" : "cycles")"
        case .began(let cycle): line = "asking \(cycle.names.dropFirst().joined(separator: ", ")) to sign"
        case .ended(let end):
            // It is no longer only found.
            if let place = cycles.firstIndex(where: { $0.members == end.cycle.members && $0.outcome == .found }) {
                cycles.remove(at: place)
            }
            cycles.append(
                NettingReport.Cycle(
                    end.cycle, end.committed ? .netted : .refused, end.hasRefusal ? RefusalFigures(end.refusal) : nil))
        case nil: break
        }
    }

    var report: NettingReport {
        func figures(_ sums: Surplus_V1_DebtTotals?) -> NettingReport.Totals {
            .init(owedToUs: Microcredits(sums?.owedToUs ?? 0), weOwe: Microcredits(sums?.weOwe ?? 0))
        }
        return NettingReport(
            isDryRun: isDryRun, before: figures(totals.first), after: figures(totals.last), cycles: cycles)
    }
}

extension NettingReport.Cycle {
    init(_ message: Surplus_V1_DebtCycle, _ outcome: NettingReport.Outcome, _ refusal: RefusalFigures? = nil) {
        self.init(
            members: message.members, memberNames: message.names, amount: Microcredits(message.amount), outcome: outcome,
            netting: outcome == .netted ? message.netting.nonEmpty : nil, refusal: refusal)
    }
}
