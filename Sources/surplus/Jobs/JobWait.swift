import ArgumentParser
import Wire

struct JobWait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a job has ended, fetch its outputs, and exit with its status.",
        discussion: """
            Examples:
              surplus job wait job_01jd3x9k3v8q2m7r5t6w8y0z1a && echo done
            """)

    @OptionGroup var fetch: FetchOptions
    @OptionGroup var job: JobOptions

    func run() async throws {
        let session = JobSession(agent: job.connection.agent, console: Console(quiet: false), outputs: fetch.requests)
        try await job.withProgramStatus { try await session.finish(try await job.ended()) }
    }
}

extension JobOptions {
    /// Asks again and again until the job has ended: seldom enough to be no burden, often enough not to be noticed.
    fileprivate func ended() async throws -> Surplus_V1_JobInfo {
        var backoff = Backoff()
        var pause = Duration.milliseconds(50)
        while true {
            do {
                let info = try await info()
                if info.state.isFinal { return info }
                backoff = Backoff()
            } catch let failure as Failure where failure.isLostConnection {
                guard let longer = backoff.wait() else { throw failure }
                pause = longer
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }
}
