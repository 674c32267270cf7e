import ArgumentParser
import GRPCCore
import Reports
import Wire

/// What an agent has told of work on volumes so far.
struct VolumeWork: Sendable {
    /// What is being done, in one line.
    private(set) var line = ""
    private(set) var outcomes: [VolumeWorkReport.Outcome] = []

    mutating func take(_ step: Surplus_V1_VolumeStep) {
        switch step.step {
        case .progress(let progress): line = "\(step.name): \(VolumeProgressFigures(progress).text)"
        case .outcome(let outcome): outcomes.append(VolumeWorkReport.Outcome(step, outcome))
        case nil: break
        }
    }
}

extension AgentLink {
    typealias WorkResponse = @Sendable (StreamingClientResponse<Surplus_V1_VolumeStep>) async throws -> VolumeWork

    /// Has work done that may take long, shows how far it is, and at the end what came of it.
    ///
    /// - Throws: ``ExitCode`` of 1 when some of it was refused, or faults are left.
    func work(
        _ command: String, _ output: OutputOptions,
        _ call: @Sendable (ControlClient.Client, CallOptions, @escaping WorkResponse) async throws -> VolumeWork
    ) async throws {
        let console = Console(quiet: output.json || output.plain)
        defer { console.clear() }
        let work = try await connected { control in
            // How long it takes depends on how much there is; the agent says how far it is.
            try await call(control, .defaults) { response in
                var work = VolumeWork()
                for try await step in response.messages {
                    work.take(step)
                    console.progress(work.line)
                }
                return work
            }
        }
        console.clear()
        let report = VolumeWorkReport(command: command, outcomes: work.outcomes)
        try output.show(report)
        if !report.isWell { throw ExitCode(Invocation.failureStatus) }
    }
}
