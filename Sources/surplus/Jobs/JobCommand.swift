import ArgumentParser

struct Job: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job",
        abstract: "See, rejoin and end the jobs that 'surplus run' started.",
        discussion: """
            Examples:
              surplus job list
              surplus job attach ID      be to it what 'surplus run' was
              surplus job wait ID        until it has ended, with its exit status
              surplus job logs ID        what it has written so far
              surplus job cancel ID
            """,
        subcommands: [JobList.self, JobShow.self, JobAttach.self, JobWait.self, JobLogs.self, JobFetch.self, JobCancel.self])
}
