import ArgumentParser
import Reports

struct JobCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End a job, whatever it is doing.",
        discussion: """
            Examples:
              surplus job cancel job_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @OptionGroup var job: JobOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let before = try await job.info()
        if before.state.isFinal { Terminal.note("\(before.job): it had ended already (\(JobReport(before).outcome))") }
        let info = try await job.connection.agent.ask(within: .seconds(60)) { [job] in
            try await $0.cancelJob(.with { $0.job = job.job }, options: $1)
        }
        try output.show(JobReport(info))
    }
}
