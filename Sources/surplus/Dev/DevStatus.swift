import ArgumentParser
import Reports

struct DevStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the nodes of a pool on this machine, and whether they run.",
        discussion: """
            Examples:
              surplus dev status --dir /tmp/pool
              surplus dev status --dir /tmp/pool --json | jq -r '.nodes[].address'
            """)

    @OptionGroup var options: DevOptions
    @OptionGroup var output: OutputOptions

    func run() async throws { try output.show(try options.pool.report) }
}

extension DevPool {
    var report: DevReport {
        DevReport(
            nodes: nodes.map { node in
                let layout = layout(of: node)
                return .init(
                    name: node.name, pid: layout.agent.pid.map { Int($0) }, wardenPid: layout.warden.pid.map { Int($0) },
                    address: node.address, dataDirectory: layout.data, socket: layout.agentSocket)
            })
    }
}
