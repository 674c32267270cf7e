import ArgumentParser
import Reports
import Resources

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Show which surplus this is.",
        discussion: """
            Examples:
              surplus version
              surplus version --json
            """)

    @OptionGroup var output: OutputOptions

    func run() throws { try output.show(VersionReport(version: Software.version)) }
}
