import ArgumentParser
import Reports

struct DevEnv: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Print what makes a shell talk to one node.",
        discussion: """
            Examples:
              eval "$(surplus dev env node1 --dir /tmp/pool)"
            """)

    @Argument(help: ArgumentHelp("Its name, such as node1.", valueName: "node"), completion: .devNodes)
    var node: String

    @OptionGroup var options: DevOptions

    func run() async throws {
        let pool = try options.pool
        let layout = pool.layout(of: try pool.node(node))
        // The other variable goes before this one.
        try Terminal.print(
            "unset SURPLUS_AGENT\nexport SURPLUS_SOCKET=\(layout.agentSocket.quoted)\nexport SURPLUS_WARDEN=\(layout.wardenSocket.quoted)\n"
        )
    }
}
