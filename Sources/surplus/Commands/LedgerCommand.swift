import ArgumentParser
import Reports

struct Ledger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Check the books of this node, and take them elsewhere.",
        discussion: """
            Examples:
              surplus ledger verify
              surplus ledger export --format hledger
            """,
        subcommands: [LedgerVerify.self, LedgerExport.self])
}

struct LedgerVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every row, hash and signature of the ledger; exit with 1 at the first fault.",
        discussion: """
            Examples:
              surplus ledger verify
              surplus ledger verify --json | jq -e .ok
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        // A ledger of years takes its time; the agent goes on working meanwhile.
        let reply = try await connection.agent.ask(within: .seconds(3600)) { try await $0.verifyLedger(.init(), options: $1) }
        let report = LedgerReport(
            ok: reply.ok, fault: reply.fault.nonEmpty, transfers: reply.transfers, receipts: reply.receipts,
            segments: reply.segments, chainHead: reply.chainHead)
        try output.show(report)
        if !report.ok { throw ExitCode(Invocation.failureStatus) }
    }
}
