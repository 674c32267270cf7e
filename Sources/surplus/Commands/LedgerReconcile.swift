import ArgumentParser
import GRPCCore
import Reports
import Resources
import Wire

struct LedgerReconcile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare the ledger with those of peers; exit with 1 at a difference.",
        discussion: """
            Examples:
              surplus ledger reconcile
              surplus ledger reconcile node2
              surplus ledger reconcile node2 --json | jq '.peers[0].difference'

            Both ledgers have what was settled between them. Where they agree, both sign that; where they differ, the first entry \
            that does is shown as it is here and there. It is made daily and after each lease, too.
            """)

    /// A peer has two minutes for each of its comparisons; a long history takes several.
    private static let patience = Duration.seconds(3600)

    @Argument(help: "Name or id of a peer; all that anything was settled with, if nothing is said.")
    var peer: String?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let console = Console(quiet: output.json || output.plain)
        let request = Surplus_V1_ReconcileLedgerRequest.with { $0.peer = peer ?? "" }
        defer { console.clear() }
        let peers = try await connection.agent.connected { control in
            var options = CallOptions.defaults
            options.timeout = Self.patience
            return try await control.reconcileLedger(request, options: options) { response in
                var peers: [ReconciliationReport.Peer] = []
                for try await step in response.messages {
                    switch step.step {
                    case .comparing(let count): console.progress("comparing \(count) entries with \(step.peerName)")
                    case .narrowing(let count): console.progress("a difference is among \(count) entries with \(step.peerName)")
                    case .outcome(let outcome): peers.append(ReconciliationReport.Peer(step, outcome))
                    case nil: break
                    }
                }
                return peers
            }
        }
        console.clear()
        let report = ReconciliationReport(peers: peers)
        try output.show(report)
        if !report.allAgree { throw ExitCode(Invocation.failureStatus) }
    }
}

extension ReconciliationReport.Peer {
    init(_ step: Surplus_V1_ReconciliationStep, _ outcome: Surplus_V1_ReconciliationOutcome) {
        self.init(
            peer: step.peer, peerName: step.peerName, agreedUntil: CivilTime(microseconds: outcome.agreedUntil),
            entries: outcome.entries,
            checkpoint: outcome.hasCheckpoint ? ReconciliationReport.Checkpoint(outcome.checkpoint) : nil,
            difference: outcome.hasDifference ? ReconciliationReport.Difference(outcome.difference) : nil,
            failure: outcome.failure.nonEmpty)
    }
}

extension ReconciliationReport.Checkpoint {
    /// `nil` where a difference was found before anything was agreed on.
    init?(_ message: Surplus_V1_CheckpointInfo) {
        guard let id = message.id.nonEmpty, let until = CivilTime(microseconds: message.until),
            let at = CivilTime(microseconds: message.at)
        else { return nil }
        self.init(
            id: id, peer: message.peer, peerName: message.peerName, until: until, signedAt: at, entries: message.entries,
            digest: message.digest, row: message.row,
            balance: Charge(
                credits: Microcredits(message.microcredits),
                inKind: Usage(cpu: CoreMicroseconds(message.coreMicroseconds), memory: MiBSeconds(message.mibSeconds))))
    }
}

extension ReconciliationReport.Difference {
    init(_ message: Surplus_V1_LedgerDifference) {
        func version(_ wire: Surplus_V1_LedgerVersion) -> ReconciliationReport.Version {
            .init(
                transfer: wire.transfer, lease: wire.lease.nonEmpty,
                amount: Charge(
                    credits: Microcredits(wire.microcredits),
                    inKind: Usage(cpu: CoreMicroseconds(wire.coreMicroseconds), memory: MiBSeconds(wire.mibSeconds))))
        }
        self.init(
            here: message.hasHere ? version(message.here) : nil, there: message.hasThere ? version(message.there) : nil)
    }
}
