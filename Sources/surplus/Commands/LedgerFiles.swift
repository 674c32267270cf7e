import ArgumentParser
import Reports
import Resources
import Wire

struct LedgerStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the files of the ledger, what is mounted, and how far the standby is.",
        discussion: """
            Examples:
              surplus ledger status
              surplus ledger status --json | jq .standby.lag_microseconds
            """)

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.getLedgerStatus(.init(), options: $1) }
        try output.show(LedgerStatusReport(reply))
    }
}

struct LedgerArchive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Move closed files of the ledger to another directory.",
        discussion: """
            Examples:
              surplus ledger archive /mnt/archive/blade1
              surplus ledger archive /mnt/archive/blade1 --keep 2
              surplus ledger archive /mnt/archive/blade1 --json | jq .files

            Each is copied, the copy made durable and recounted, and only then removed here. The current file always stays. The agent \
            does it, so the directory is one of its machine and must be writable to it.
            """)

    @Argument(help: "Where to; made when it is missing.", completion: .directory)
    var directory: String

    @Option(help: "How many closed files stay.")
    var keep: Int64 = 0

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let request = Surplus_V1_ArchiveLedgerRequest.with {
            ($0.directory, $0.keep) = (LedgerPath.absolute(directory), keep)
        }
        let moved = try await connection.agent.ask(within: .seconds(3600)) {
            try await $0.archiveLedger(request, options: $1)
        }.segments
        try output.show(ArchiveReport(directory: request.directory, files: moved))
    }
}

struct LedgerMount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Read archived files of the ledger again, as if they were in place.",
        discussion: """
            Examples:
              surplus ledger mount /mnt/archive/blade1

            Statements, exports and verifications then begin with them, also after restarts, until 'surplus ledger unmount'.
            """)

    @Argument(help: "Where 'surplus ledger archive' moved them to.", completion: .directory)
    var directory: String

    @OptionGroup var connection: AgentOptions

    func run() async throws {
        let request = Surplus_V1_LedgerDirectory.with { $0.directory = LedgerPath.absolute(directory) }
        _ = try await connection.agent.ask { try await $0.mountLedger(request, options: $1) }
    }
}

struct LedgerUnmount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Leave archived files of the ledger out again, also when they are gone.",
        discussion: """
            Examples:
              surplus ledger unmount /mnt/archive/blade1
            """)

    @Argument(help: "What was mounted; 'surplus ledger status' lists it.", completion: .directory)
    var directory: String

    @OptionGroup var connection: AgentOptions

    func run() async throws {
        let request = Surplus_V1_LedgerDirectory.with { $0.directory = LedgerPath.absolute(directory) }
        _ = try await connection.agent.ask { try await $0.unmountLedger(request, options: $1) }
    }
}
