import ArgumentParser
import Glibc

struct DevExec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a program as the owner of one node: what it uses, that node's guests must yield.",
        discussion: """
            Examples:
              surplus dev exec node2 --dir /tmp/pool -- xz -T0 < /dev/zero > /dev/null
              surplus dev exec node2 --dir /tmp/pool -- sh -c 'exec stress-ng --cpu 1 --timeout 20'
              surplus dev exec node2 --dir /tmp/pool -- surplus reclaim --all

            There, 'surplus' speaks with the agent of that node.
            """)

    @Argument(help: ArgumentHelp("Its name, such as node2.", valueName: "node"), completion: .devNodes)
    var node: String

    @OptionGroup var options: DevOptions

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The program and its arguments, behind --.", valueName: "program"))
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("exec: no program; write it behind --, as in 'surplus dev exec node2 --dir DIR -- xz'")
        }
    }

    func run() async throws {
        let node = try options.pool.node(node)
        guard let group = node.ownerGroup else {
            throw Failure(object: node.name, fault: "it has no owner of its own", remedy: "start the pool as root")
        }
        try OwnerGroup(path: group).enter()
        unsetenv("SURPLUS_AGENT")
        setenv("SURPLUS_SOCKET", try options.pool.layout(of: node).agentSocket, 1)
        setenv("SURPLUS_WARDEN", try options.pool.layout(of: node).wardenSocket, 1)
        try Spawn.become(command)
    }
}
