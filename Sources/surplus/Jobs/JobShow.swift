import ArgumentParser
import Reports

struct JobShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one job.",
        discussion: """
            Examples:
              surplus job show job_01jd3x9k3v8q2m7r5t6w8y0z1a
            """)

    @OptionGroup var job: JobOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try output.show(JobReport(try await job.info())) }
}
