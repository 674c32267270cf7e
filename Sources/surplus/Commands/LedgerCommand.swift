import ArgumentParser
import Reports
import Wire

struct Ledger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Check the books of this node, take them elsewhere, and restore them.",
        discussion: """
            Examples:
              surplus ledger verify
              surplus ledger reconcile node2
              surplus ledger export --format hledger
              surplus ledger archive /mnt/archive/blade1
              surplus ledger restore --from /mnt/standby/blade1 --to /var/lib/surplus/ledger
            """,
        subcommands: [
            LedgerStatus.self, LedgerVerify.self, LedgerReconcile.self, LedgerExport.self, LedgerArchive.self, LedgerMount.self,
            LedgerUnmount.self,
            LedgerRestore.self,
        ])
}

struct LedgerVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every row, hash and signature of the ledger; exit with 1 at the first fault.",
        discussion: """
            Examples:
              surplus ledger verify
              surplus ledger verify --json | jq -e .ok
              surplus ledger verify --resume                               only what came after the last one
              surplus ledger verify --directory /var/lib/surplus/ledger    without an agent

            It leaves now and then how far it came, so that --resume can go on from there, also when it was interrupted; what is \
            before is then taken on trust. Without an agent signatures are left out: the keys are the agent's.
            """)

    @Flag(help: "Go on from where the last one was.")
    var resume = false

    @Option(
        help: ArgumentHelp("A ledger's directory, to be looked at without an agent.", valueName: "directory"),
        completion: .directory)
    var directory: String?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let report = if let directory { try look(directory) } else { try await ask() }
        try output.show(report)
        if !report.ok { throw ExitCode(Invocation.failureStatus) }
    }

    private func ask() async throws -> LedgerReport {
        let request = Surplus_V1_VerifyLedgerRequest.with { $0.resume = resume }
        // A ledger of years takes its time; the agent goes on working meanwhile.
        let reply = try await connection.agent.ask(within: .seconds(3600)) { try await $0.verifyLedger(request, options: $1) }
        return LedgerReport(
            ok: reply.ok, fault: reply.fault.nonEmpty, transfers: reply.transfers, receipts: reply.receipts,
            checkpoints: reply.checkpoints, segments: reply.segments, chainHead: reply.chainHead,
            resumedAfter: reply.resumedAfter,
            firstSegment: reply.firstSegment, hasSignatures: true)
    }

    private struct Found: Decodable {
        let fault: String?
        let transfers: Int64
        let receipts: Int64
        let checkpoints: Int64
        let segments: Int64
        let firstSegment: Int64
        let head: String
        let resumedAfter: Int64?
    }

    private func look(_ directory: String) throws -> LedgerReport {
        let options = ["--verify-ledger", LedgerPath.absolute(directory)] + (resume ? ["--resume"] : [])
        let found = try LedgerPath.ask(options, as: Found.self)
        return LedgerReport(
            ok: found.fault == nil, fault: found.fault, transfers: found.transfers, receipts: found.receipts,
            checkpoints: found.checkpoints, segments: found.segments, chainHead: found.head,
            resumedAfter: found.resumedAfter ?? 0,
            firstSegment: found.firstSegment, hasSignatures: false)
    }
}
