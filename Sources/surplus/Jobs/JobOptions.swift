import ArgumentParser
import Wire

/// Which job.
struct JobOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("Its id, as 'surplus job list' shows it.", valueName: "job"), completion: .jobs,
        transform: Identifiers.job)
    var job: String

    @OptionGroup var connection: AgentOptions

    func info() async throws -> Surplus_V1_JobInfo {
        try await connection.agent.ask { [job] in try await $0.getJob(.with { $0.job = job }, options: $1) }
    }

    /// What went wrong with surplus itself has its own status, so that it is not taken for the program's.
    func withProgramStatus(_ work: () async throws -> Int32) async throws {
        do {
            throw ExitCode(try await work())
        } catch let failure as Failure where failure.status < Outcome.surplusFailed {
            throw failure.exiting(with: Outcome.surplusFailed)
        }
    }
}

/// Where outputs go that were asked for when the job was submitted.
struct FetchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Put the outputs into this directory.", valueName: "dir"), completion: .directory)
    var to = "."

    @Flag(help: "Leave the outputs with the agent.")
    var noOutputs = false

    var requests: OutputRequests? { noOutputs ? nil : .asNamed(under: to) }
}
