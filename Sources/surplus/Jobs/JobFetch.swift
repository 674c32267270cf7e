import ArgumentParser

struct JobFetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch the outputs of a job that has ended.",
        discussion: """
            Examples:
              surplus job fetch job_01jd3x9k3v8q2m7r5t6w8y0z1a
              surplus job fetch --to results job_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @Option(help: ArgumentHelp("Put them into this directory.", valueName: "dir"), completion: .directory)
    var to = "."

    @OptionGroup var job: JobOptions

    func run() async throws {
        let info = try await job.info()
        guard info.outputsReady else {
            throw Failure(
                object: info.job, fault: info.productNames.isEmpty ? "it has no outputs" : "its outputs are not here yet",
                remedy: info.state.isFinal ? nil : "'surplus job wait \(info.job)' waits for them")
        }
        try await OutputFetch(agent: job.connection.agent, console: Console(quiet: false)).fetch(info, to: .asNamed(under: to))
    }
}
