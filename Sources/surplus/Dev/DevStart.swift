import ArgumentParser

struct DevStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start again what is not running any more: to see what a crash does, kill a daemon and start it.",
        discussion: """
            Examples:
              surplus dev start --dir /tmp/pool
              surplus dev start node2 --dir /tmp/pool
            """)

    @Argument(help: ArgumentHelp("Only this node's daemons, such as node2.", valueName: "node"), completion: .devNodes)
    var node: String?

    @OptionGroup var options: DevOptions

    func run() async throws {
        let pool = try options.pool
        let nodes = try node.map { [try pool.node($0)] } ?? pool.nodes
        let daemons = try DevDaemons(pool: pool)
        for node in nodes {
            for program in try daemons.start(node) { try Terminal.print("\(node.name): started \(program)\n") }
        }
        let watch = DevWatch(pool: pool)
        for node in nodes {
            try await watch.warden(of: node)
            try await watch.agent(of: node)
        }
    }
}
