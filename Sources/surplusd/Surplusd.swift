import Agent
import ArgumentParser
import Configuration
import Foundation
import Logging
import Resources
import ServiceLifecycle
import Wire

@main
struct Surplusd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surplusd",
        abstract: "The agent of one node: lends what its owner allows and borrows for its users.",
        discussion: """
            Examples:
              surplusd --config /etc/surplus/agent.yaml
              surplusd --config agent.yaml --check-config
              surplusd --config agent.yaml --diagnose        what 'surplus doctor' asks while no agent runs

            It stops cleanly on SIGTERM and SIGINT. Guests go on running and are found again at the next start.
            On SIGHUP it reads the policy anew; a bad one is logged, and the running one kept.
            """,
        version: "surplusd \(Software.version)")

    @Option(name: .shortAndLong, help: "The configuration file.")
    var config = "/etc/surplus/agent.yaml"

    @Flag(help: "Only check the configuration, and the policy it names; status 0 when they are good.")
    var checkConfig = false

    @Flag(help: "Only look for what could keep an agent from working here, and write the findings as JSON.")
    var diagnose = false

    @Option(help: ArgumentHelp("Check a ledger's directory, and write what was found as JSON.", visibility: .hidden))
    var verifyLedger: String?

    @Flag(help: ArgumentHelp("Go on from the last check.", visibility: .hidden))
    var resume = false

    @Option(help: ArgumentHelp("Restore a ledger from its standby, and write what it is as JSON.", visibility: .hidden))
    var restoreLedger: String?

    @Option(help: ArgumentHelp("The restored ledger's directory.", visibility: .hidden))
    var to: String?

    @Option(help: ArgumentHelp("As of then, in UTC microseconds. Default: the newest there is.", visibility: .hidden))
    var at: Int64?

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch  where exitCode(for: error) == .validationFailure {
            FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
            Foundation.exit(2)
        } catch {
            exit(withError: error)
        }
    }

    func run() async throws {
        if diagnose { return print(try await Diagnosis.json(ofConfiguration: config)) }
        if let directory = verifyLedger { return print(OfflineLedger.verify(directory, resuming: resume)) }
        if let standby = restoreLedger {
            guard let to else { throw ValidationError("--restore-ledger needs --to") }
            return print(OfflineLedger.restore(from: standby, to: to, at: at.map(Timestamp.init(microseconds:))))
        }
        let configuration: AgentConfiguration
        do { configuration = try AgentConfiguration.load(path: config) } catch {
            complain(error.report)
            throw ExitCode(2)
        }
        for note in configuration.notes { complain(note) }
        if checkConfig { return print("\(config): good; lends by policy '\(configuration.policy.policy.name)'") }
        try await serve(configuration)
    }

    private func serve(_ configuration: AgentConfiguration) async throws {
        HeapLimits.apply()
        FileLimits.apply()
        signal(SIGPIPE, SIG_IGN)
        let recent = RecentLog()
        let log = Self.logger(configuration.log, recent)
        let service: any Service
        do {
            service = try Agent.open(configuration, from: config, log: log, recentLog: recent)
        } catch {
            complain("\(error)")
            throw ExitCode.failure
        }
        let timeout = Duration.microseconds(configuration.stopTimeout.rawValue)
        let reloading = (service as? Agent).map { [PolicyReloading(agent: $0, log: log)] } ?? []
        var group = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)]
                + reloading.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() })
        group.maximumGracefulShutdownDuration = timeout
        group.maximumCancellationDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            complain("\(error)")
            throw ExitCode.failure
        }
    }

    private func complain(_ text: String) { FileHandle.standardError.write(Data("surplusd: \(text)\n".utf8)) }

    private static func logger(_ settings: AgentConfiguration.LogSettings, _ recent: RecentLog) -> Logger {
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        return Logger(label: "surplusd") { _ in LineLogHandler(format: settings.format, recent: recent, logLevel: level) }
    }
}
