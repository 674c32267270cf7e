import ArgumentParser
import Reports
import Resources

struct PoolToken: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make tokens, with which other nodes join.",
        discussion: """
            Examples:
              surplus pool token create --out token
            """,
        subcommands: [PoolTokenCreate.self])
}

struct PoolTokenCreate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a token that lets one node join, once.",
        discussion: """
            Examples:
              surplus pool token create --out token
              surplus pool token create --out - | ssh blade2 surplus pool join blade1:7800 --token-file -

            Whoever has the token can join: the file is readable by you alone.
            """)

    @Option(help: ArgumentHelp("A new file for the token, or - for standard output.", valueName: "file"), completion: .file())
    var out: String

    @Option(help: ArgumentHelp("For how long it is good. Default: 15m.", valueName: "duration"), transform: Quantities.duration)
    var valid: Microseconds?

    @OptionGroup var connection: AgentOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        // The file first: a token that cannot be kept is not made.
        let file = out == "-" ? nil : try SecretFile(creating: out)
        do {
            let reply = try await connection.agent.ask { [valid] in
                try await $0.createToken(.with { $0.validMicroseconds = valid?.rawValue ?? 0 }, options: $1)
            }
            guard let file else { return try Terminal.print(reply.token + "\n") }
            try file.write(reply.token + "\n")
            try output.show(
                TokenReport(
                    token: reply.id, file: out, address: reply.address, expiresAt: CivilTime(microseconds: reply.expiresAt)))
        } catch {
            file?.remove()
            throw error
        }
    }
}
