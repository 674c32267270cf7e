import ArgumentParser

struct JobAttach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Follow a job as 'surplus run' would: its output, signals to it, its outputs, its exit status.",
        discussion: """
            Examples:
              surplus job attach job_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus job attach --stdin job_01jd3x9k3v8q2m7r5t6w8y0z1a < rest.txt
            """)

    @Flag(help: "Give the program this standard input, behind what it was given before.")
    var stdin = false

    @Flag(name: .shortAndLong, help: "No progress line.")
    var quiet = false

    @OptionGroup var fetch: FetchOptions
    @OptionGroup var job: JobOptions

    func run() async throws {
        let console = Console(quiet: quiet)
        let session = JobSession(agent: job.connection.agent, console: console, outputs: fetch.requests)
        try await job.withProgramStatus { [stdin, job] in
            try await session.obeyingSignals {
                let input = JobInputQueue(start: nil)
                if stdin { StandardInput.forward(to: input) }
                return try await session.attend(job.job, input: input)
            }
        }
    }
}
