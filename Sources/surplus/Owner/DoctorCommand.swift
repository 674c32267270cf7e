import ArgumentParser
import FoundationEssentials
import Glibc
import Reports
import Resources
import Wire

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for everything that could be wrong with this node, and say the remedy.",
        discussion: """
            Examples:
              surplus doctor
              surplus doctor --wait 30s                what is still at fault so long after a start
              surplus doctor --config agent.yaml       also while the agent does not run
              surplus doctor --json | jq -r '.findings[] | select(.severity == "fault") | .remedy'

            It looks at the kernel, privileges, the clock, the disk, certificates, peers, volumes and the configuration. Without a
            running agent it looks at what can be seen without one.

            Exit status: 0 when nothing is at fault, though there may be warnings; 1 when something is.
            """)

    @Option(
        help: ArgumentHelp("The configuration to look at when no agent answers.", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var config = "/etc/surplus/agent.yaml"

    @Option(
        help: ArgumentHelp("Look again until nothing is at fault, at most so long.", valueName: "duration"),
        transform: Quantities.duration)
    var wait: Microseconds?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let findings: [DoctorReport.Finding]
        do {
            findings = try await Patience(wait).ask(until: { DoctorReport(findings: $0).ok }, diagnosed)
        } catch let failure as Failure where failure.isLostConnection {
            findings = [Self.absence(failure, config: config)] + look()
        }
        let report = DoctorReport(findings: findings)
        try output.show(report)
        if !report.ok { throw ExitCode(Invocation.failureStatus) }
    }

    private func diagnosed() async throws -> [DoctorReport.Finding] {
        try await connection.agent.ask(within: .seconds(120)) { try await $0.diagnose(.init(), options: $1) }
            .findings.map(DoctorReport.Finding.init)
    }

    static func absence(_ failure: Failure, config: String) -> DoctorReport.Finding {
        DoctorReport.Finding(
            area: "agent", name: "reachable", severity: "fault", finding: failure.description,
            remedy: failure.isDenied
                ? "join the group that may, or ask as root or as the user that runs the agent; it may well be running"
                : "start it as Docs/install.md says: surplusd --config \(config.quoted); its log says why it ended")
    }

    /// Lets the agent's program look around in place of the agent.
    private func look() -> [DoctorReport.Finding] {
        do {
            let text = try Spawn.output(of: [try Machine.program("surplusd"), "--config", config, "--diagnose"])
            return try JSONDecoder().decode([DoctorReport.Finding].self, from: Data(text.utf8))
        } catch {
            let failure = error as? Failure
            return [
                DoctorReport.Finding(
                    area: "agent", name: "program", severity: "fault",
                    finding: failure.map { "\($0.object): \($0.fault)" } ?? "surplusd cannot look around: \(error)",
                    remedy: failure?.remedy ?? "install surplusd of the same release as surplus")
            ]
        }
    }
}

extension DoctorReport.Finding {
    fileprivate init(_ message: Surplus_V1_Finding) {
        self.init(
            area: message.area, name: message.name, severity: message.severity, finding: message.finding,
            remedy: message.remedy.nonEmpty)
    }
}
