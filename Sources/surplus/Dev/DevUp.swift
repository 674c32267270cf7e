import ArgumentParser
import Glibc
import Resources

struct DevUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start a pool of nodes node1, node2, ... on this machine.",
        discussion: """
            Examples:
              surplus dev up --nodes 3 --dir /tmp/pool
              surplus dev up --nodes 2 --dir /tmp/pool --policy my-policy.yaml

            Each node gets an even share of the machine as its capacity. As root the limits of leases are enforced, and each
            node has an owner of its own (see 'surplus dev exec'); otherwise limits are not enforced.
            """)

    static let most = 64

    @Option(help: ArgumentHelp("How many, 1 to \(most).", valueName: "count"))
    var nodes: Int

    @OptionGroup var options: DevOptions

    @Option(
        help: ArgumentHelp(
            "What every node lends, and on which terms: a policy file, or one that comes along (blade, workstation, render-farm, closed).",
            valueName: "file"), completion: .file(extensions: ["yaml"]))
    var policy = "blade"

    @Option(
        help: ArgumentHelp(
            "A root file system, or an unpacked OCI image, that jobs may run in (see 'surplus run --image'); can be repeated.",
            valueName: "name=dir"), completion: .directory)
    var image: [String] = []

    @Option(help: ArgumentHelp("The name of the pool.", valueName: "pool"))
    var name = "dev"

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...Self.most).contains(nodes) else {
            throw ValidationError("--nodes: \(nodes) is out of range; write 1 to \(Self.most)")
        }
    }

    func run() async throws {
        let setup = try DevSetup(
            directory: options.dir, nodes: nodes, policy: try policyReference, images: image, enforced: geteuid() == 0)
        let console = Console(quiet: false)
        let launch = try DevLaunch(setup: setup, name: name, console: console)
        try setup.pool.create()
        do {
            try await Interruption.around(launch.run) {
                for await signal in SignalSource.stream() {
                    throw Failure(object: "", fault: "interrupted", status: 128 + signal)
                }
            }
        } catch {
            console.clear()
            try? await DevTeardown(pool: setup.pool).run()
            throw error
        }
        console.clear()
        try output.show(setup.pool.report)
        if geteuid() != 0 {
            Terminal.note("limits not enforced: guests can take more than they were lent; run as root for limits")
        }
        guard !output.json else { return }
        try Terminal.print(Self.tips(options.dir))
    }

    private static func tips(_ dir: String) -> String {
        let dir = dir.allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) } ? dir : dir.quoted
        let tips = [
            ("eval \"$(surplus dev env node1 --dir \(dir))\"", "be a user of node1 in this shell"),
            ("surplus offers", "what the others lend"),
            ("surplus run -- echo hello", "run a program on one of them"),
            ("surplus dev down --dir \(dir)", "end it all"),
        ]
        let width = tips.map(\.0.count).max() ?? 0
        let lines = tips.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 3) + $0.1 }
        return "\n" + lines.joined(separator: "\n") + "\n"
    }

    /// As a node's configuration refers to it: a shipped policy by its name, a file by its absolute path.
    private var policyReference: String {
        get throws {
            guard policy.contains("/") || policy.contains(".") else { return policy }
            guard let path = Paths.real(policy) else { throw Failure("--policy \(policy)", errno: errno) }
            return path
        }
    }
}
