import ArgumentParser

struct PolicyCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "See, check and change what this node lends.",
        discussion: """
            Examples:
              surplus policy show                   every setting in force
              surplus policy explain                what would be offered now, and what holds back the rest
              surplus policy check night.yaml       whether a file is good
              surplus policy diff night.yaml        what it would change
              surplus policy apply night.yaml       lend by it from now on
            """,
        subcommands: [
            PolicyShow.self, PolicyExplain.self, PolicyCheck.self, PolicyDiff.self, PolicyApply.self, PolicyReset.self,
        ])
}
