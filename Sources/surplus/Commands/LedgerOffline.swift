import ArgumentParser
import FoundationEssentials
import Glibc
import Reports
import Resources

/// What the agent's program does with a ledger's directory while no agent has it.
enum LedgerPath {
    /// The path as another program in another directory finds it.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + path
    }

    /// Runs `surplusd` with options of its own, and reads what it writes.
    ///
    /// - Throws: ``Failure`` with what the program says.
    static func ask<Answer: Decodable>(_ options: [String], as type: Answer.Type) throws -> Answer {
        let text = try Spawn.output(of: [try Machine.program("surplusd")] + options)
        let reply = try JSONDecoder().decode(Reply<Answer>.self, from: Data(text.utf8))
        guard let answer = reply.answer else { throw Failure(object: "", fault: reply.fault ?? "surplusd did not answer") }
        return answer
    }

    private struct Reply<Answer: Decodable>: Decodable {
        let answer: Answer?
        let fault: String?
    }
}

struct LedgerRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a ledger out of its standby, as it was at any time that is kept; needs no agent.",
        discussion: """
            Examples:
              surplus ledger restore --from /mnt/standby/blade1 --to /var/lib/surplus/ledger
              surplus ledger restore --from /mnt/standby/blade1 --at 2026-11-26T17:00 --to /tmp/ledger-of-yesterday

            What is restored is recounted before it gets its name. The directory must not be there, or be empty: stop the agent \
            and move a damaged ledger away first. Its owner is that of the directory around it.
            """)

    @Option(
        help: ArgumentHelp("The standby, as the agent's configuration names it.", valueName: "directory"), completion: .directory)
    var from: String

    @Option(
        help: ArgumentHelp("What the ledger's directory is to be.", valueName: "directory"), completion: .directory)
    var to: String

    @Option(help: ArgumentHelp("As of then: so long ago, or a date. Default: the newest there is.", valueName: "time"))
    var at: String?

    @OptionGroup var output: OutputOptions

    private struct Answer: Decodable {
        struct Found: Decodable {
            let transfers: Int64
            let segments: Int64
            let head: String
        }

        let at: Int64
        let oldest: Int64
        let newest: Int64
        let found: Found
    }

    func run() async throws {
        let time = try TimeRangeOptions.times(
            since: nil, until: at, on: Terminal.page(plain: output.plain, colour: output.color)
        ).until
        let answer = try LedgerPath.ask(
            ["--restore-ledger", LedgerPath.absolute(from), "--to", LedgerPath.absolute(to)]
                + (time.map { ["--at", "\($0.microseconds)"] } ?? []), as: Answer.self)
        try output.show(
            RestorationReport(
                directory: to, at: Timestamp(microseconds: answer.at), oldest: Timestamp(microseconds: answer.oldest),
                newest: Timestamp(microseconds: answer.newest), transfers: answer.found.transfers,
                segments: answer.found.segments, chainHead: answer.found.head))
    }
}
