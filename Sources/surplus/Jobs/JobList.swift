import ArgumentParser
import Reports

struct JobList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List jobs, those of this node and those it runs for others.",
        discussion: """
            Examples:
              surplus job list
              surplus job list --all       those that have ended, too
              surplus job list --json | jq -r '.jobs[] | select(.state == "running") | .job'
            """)

    @OptionGroup var listing: JobListing

    func run() async throws { try await listing.show() }
}

/// `job list` under the name that fingers know.
struct PS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ps",
        abstract: "The same as 'job list'.",
        discussion: """
            Examples:
              surplus ps --all
            """)

    @OptionGroup var listing: JobListing

    func run() async throws { try await listing.show() }
}

struct JobListing: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Also those that have ended.")
    var all = false

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func show() async throws {
        let reply = try await connection.agent.ask { [all] in try await $0.listJobs(.with { $0.all = all }, options: $1) }
        try output.show(JobsReport(jobs: reply.jobs.map(JobReport.init)))
    }
}
