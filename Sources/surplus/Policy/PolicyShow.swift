import ArgumentParser
import Configuration
import Reports
import Wire

struct PolicyShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the policy in force, with every default and included file spelled out.",
        discussion: """
            Examples:
              surplus policy show
              surplus policy show > mine.yaml       a file that says the same
              surplus policy show --source          the files as they were written
              surplus policy show --json | jq -r '.settings[] | select(.key == "lend.cpu.share").value'
            """)

    @Flag(help: "The files as their owner wrote them.")
    var source = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let reply = try await connection.agent.ask { try await $0.getPolicy(.init(), options: $1) }
        let file = try PolicyFile(reply)
        let files = reply.source.files.map {
            PolicyReport.File(name: $0.name, text: String(decoding: $0.content, as: UTF8.self))
        }
        let report = PolicyReport(
            policy: reply.name, origin: reply.applied ? "applied" : "configured", configured: reply.configured,
            appliedBy: reply.appliedBy.nonEmpty, appliedAt: CivilTime(microseconds: reply.appliedAt), notes: reply.notes,
            settings: PolicyOutline(file.policy).settings.map { .init(key: $0.key, value: $0.value) }, files: files,
            yaml: source ? nil : PolicyText.yaml(file.policy))
        try output.show(report)
    }
}

extension PolicyFile {
    /// The policy in force, as the agent tells it.
    ///
    /// - Throws: ``Failure`` when the agent is newer and its policy is not understood here.
    init(_ reply: Surplus_V1_PolicyReply) throws(Failure) {
        let files = reply.source.files.map { PolicySource.File(name: $0.name, bytes: Array($0.content)) }
        do throws(ConfigurationError) { self = try PolicyFile(source: PolicySource(files: files)) } catch {
            var failure = Failure(error).exiting(with: Invocation.failureStatus)
            failure.remedy = "the agent may be newer than this program: see 'surplus status' and 'surplus version'"
            throw failure
        }
    }
}
