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
            that does is shown as it is here and there. Several peers are asked at once; those that are no members any more are \
            only named. It is made daily and after each lease, too. To ask for it needs the right 'own'.

            Exit status: 0 when all agree; 1 when a ledger differs, as was found now or before, or the right is missing; 3 when none is \
            known to differ, but one could not be compared; 2 when the command line is wrong, or names no other node.
            """)

    /// The exit status where a peer could not be compared.
    static let incompleteStatus: Int32 = 3
    /// A peer has two minutes for each of its comparisons; a long history takes several.
    private static let patience = Duration.seconds(3600)

    @Argument(help: "Name or id of a peer; all that anything was settled with, if nothing is said.")
    var peer: String?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if peer?.isEmpty == true {
            throw ValidationError("peer: it is empty; give a name or an id, or nothing to compare with all")
        }
    }

    func run() async throws {
        let console = Console(quiet: output.json || output.plain)
        defer { console.clear() }
        let report: ReconciliationReport
        do { report = try await ask(console) } catch let failure as Failure
            where failure.status == Invocation.failureStatus && !failure.isDenied
        {
            // Nothing is known to differ.
            throw failure.exiting(with: Self.incompleteStatus)
        }
        console.clear()
        try output.show(report)
        if report.hasDifference { throw ExitCode(Invocation.failureStatus) }
        if !report.isComplete { throw ExitCode(Self.incompleteStatus) }
    }

    private func ask(_ console: Console) async throws -> ReconciliationReport {
        let request = Surplus_V1_ReconcileLedgerRequest.with { $0.peer = peer ?? "" }
        return try await connection.agent.connected { control in
            var options = CallOptions.defaults
            options.timeout = Self.patience
            return try await control.reconcileLedger(request, options: options) { response in
                var progress = ReconciliationProgress()
                for try await step in response.messages {
                    progress.take(step)
                    console.progress(progress.line)
                }
                return ReconciliationReport(peers: progress.peers)
            }
        }
    }
}

/// What an agent has told of comparisons so far.
struct ReconciliationProgress: Sendable {
    /// What is being done, in one line.
    private(set) var line = ""
    private(set) var peers: [ReconciliationReport.Peer] = []
    /// The names of those that have not answered yet.
    private var awaited: [String] = []

    mutating func take(_ step: Surplus_V1_ReconciliationStep) {
        let name = step.peerName
        switch step.step {
        case .comparing(let count):
            if !awaited.contains(name) { awaited.append(name) }
            line = "comparing \(count) \(count == 1 ? "entry" : "entries") with \(name)"
        case .narrowing(let count): line = "a difference is among \(count) \(count == 1 ? "entry" : "entries") with \(name)"
        case .outcome(let outcome):
            awaited.removeAll { $0 == name }
            peers.append(ReconciliationReport.Peer(step, outcome))
        case nil: return
        }
        if step.peers > 1 { line = overview(of: step.peers) }
    }

    /// `3 of 5 compared, 1 differs; waiting for node4, node6`.
    private func overview(of count: Int64) -> String {
        let differing = peers.count { $0.outcome == .differs }
        let failed = peers.count { $0.outcome == .failed || $0.outcome == .departed }
        let parts = [
            "\(peers.count - failed) of \(count) compared",
            differing == 0 ? nil : differing == 1 ? "1 differs" : "\(differing) differ",
            failed == 0 ? nil : "\(failed) could not be",
        ].compactMap(\.self)
        return parts.joined(separator: ", ") + (awaited.isEmpty ? "" : "; waiting for \(awaited.joined(separator: ", "))")
    }
}

extension ReconciliationReport.Peer {
    init(_ step: Surplus_V1_ReconciliationStep, _ outcome: Surplus_V1_ReconciliationOutcome) {
        self.init(
            peer: step.peer, peerName: step.peerName, agreedUntil: CivilTime(microseconds: outcome.agreedUntil),
            entries: outcome.entries,
            checkpoint: outcome.hasCheckpoint ? ReconciliationReport.Checkpoint(outcome.checkpoint) : nil,
            difference: outcome.hasDifference ? ReconciliationReport.Difference(outcome.difference) : nil,
            failure: outcome.failure.nonEmpty, hasDeparted: outcome.departed)
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
                inKind: Usage(
                    cpu: CoreMicroseconds(message.coreMicroseconds), memory: MiBSeconds(message.mibSeconds),
                    disk: MiBSeconds(message.diskMibSeconds))))
    }
}

extension ReconciliationReport.Difference {
    init(_ message: Surplus_V1_LedgerDifference) {
        func version(_ wire: Surplus_V1_LedgerVersion) -> ReconciliationReport.Version {
            .init(
                transfer: wire.transfer, lease: wire.lease.nonEmpty,
                amount: Charge(
                    credits: Microcredits(wire.microcredits),
                    inKind: Usage(
                        cpu: CoreMicroseconds(wire.coreMicroseconds), memory: MiBSeconds(wire.mibSeconds),
                        disk: MiBSeconds(wire.diskMibSeconds))))
        }
        self.init(
            here: message.hasHere ? version(message.here) : nil, there: message.hasThere ? version(message.there) : nil)
    }
}
