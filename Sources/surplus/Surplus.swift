import ArgumentParser
import Glibc
import Resources

/// The root of the command line.
@main
struct Surplus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surplus",
        abstract: "Lend what this machine is not using, and run programs on what others lend.",
        discussion: """
            Examples:
              surplus status                            how this node is doing
              surplus offers --cpu 2                    who would lend two cores now
              surplus run -- sort < big.txt > out.txt   a program on a peer
              surplus run --input photos --output p.tar.xz -- tar cJf p.tar.xz photos
              surplus usage --since 7d                  what this node used, over time
              surplus credits                           who owes whom
              surplus --agent blade1 status             how another node is doing, with your certificate
              surplus pause --for 2h                    lend nothing meanwhile
              surplus doctor                            what is wrong here, and what to do about it
              surplus dev up --nodes 3 --dir /tmp/pool  a pool on this machine
            """,
        version: "surplus \(Software.version)",
        subcommands: [Status.self, Nodes.self, Offers.self, ShowUsage.self, Version.self],
        groupedSubcommands: [
            CommandGroup(name: "Job", subcommands: [Run.self, Job.self, PS.self]),
            CommandGroup(
                name: "Trade",
                subcommands: [
                    Lease.self, Credits.self, ObligationCommand.self, DisputeCommand.self, Statement.self, ReportCommand.self,
                    Ledger.self,
                ]),
            CommandGroup(name: "Storage", subcommands: [VolumeCommand.self]),
            CommandGroup(
                name: "Owner",
                subcommands: [
                    PolicyCommands.self, PauseLending.self, ResumeLending.self, Reclaim.self, Evict.self, EnforcerCommand.self,
                ]),
            CommandGroup(name: "Explaining", subcommands: [Events.self, Explain.self, Audit.self, Logs.self, Doctor.self]),
            CommandGroup(name: "Pool", subcommands: [Pool.self, Dev.self]),
            CommandGroup(name: "Shell", subcommands: [Completions.self, Manual.self]),
        ])

    static let _errorPrefix = "surplus: "

    static func main() async {
        Glibc.exit(await Invocation.perform(Array(CommandLine.arguments.dropFirst())))
    }
}
