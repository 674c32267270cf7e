import ArgumentParser
import Configuration
import Reports

struct PolicyCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a policy file is good; needs no agent.",
        discussion: """
            Examples:
              surplus policy check /etc/surplus/policy.yaml
              surplus policy check workstation          a shipped policy

            Status 0 when it is good, 2 when it is not; the error names the line and shows it.
            """)

    @OptionGroup var policy: PolicyArgument
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let file = try policy.load()
        let source = file.source.files.map(\.name)
        try output.show(PolicyCheckReport(policy: file.policy.name, files: source, notes: file.notes))
    }
}
