import ArgumentParser
import Reports

struct PoolJoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Join a pool with a token that one of its nodes made.",
        discussion: """
            Examples:
              surplus pool join blade1:7800 --token-file token
              surplus pool join blade1:7800 --token-file - < token
            """)

    @Argument(help: ArgumentHelp("Host and port of the node that made the token.", valueName: "address"))
    var address: String

    @Option(help: ArgumentHelp("The token's file, or - for standard input.", valueName: "path"), completion: .file())
    var tokenFile: String

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let token = try SecretFile.read(tokenFile)
        guard !token.isEmpty else {
            throw Failure(
                object: tokenFile, fault: "no token in it", remedy: "make one with 'surplus pool token create' on \(address)")
        }
        let reply = try await connection.agent.ask(within: .seconds(60)) { [address] in
            try await $0.joinPool(
                .with {
                    $0.address = address
                    $0.token = token
                }, options: $1)
        }
        try output.show(PoolReport(reply))
    }
}
