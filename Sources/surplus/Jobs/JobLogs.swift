import ArgumentParser

struct JobLogs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Write what a job has written: its output to standard output, its errors to standard error.",
        discussion: """
            Examples:
              surplus job logs job_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus job logs --follow job_01jd3x9k3v8q2m7r5t6w8y0z1a    until it ends, or Ctrl-C
            """)

    @Flag(name: .shortAndLong, help: "Go on until the job has ended.")
    var follow = false

    @OptionGroup var job: JobOptions

    func run() async throws {
        let stream = JobStream(
            job: job.job, agent: job.connection.agent, input: JobInputQueue(start: nil), console: Console(quiet: true))
        if follow { _ = try await stream.follow() } else { try await stream.replay() }
    }
}
