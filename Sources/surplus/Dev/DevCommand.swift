import ArgumentParser

struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Try surplus out: a pool of several nodes on this machine, on loopback, gone without a trace afterwards.",
        discussion: """
            Examples:
              surplus dev up --nodes 3 --dir /tmp/pool
              eval "$(surplus dev env node1 --dir /tmp/pool)"      be a user of node1 in this shell
              surplus offers
              surplus dev exec node2 --dir /tmp/pool -- xz -T0 < /dev/zero > /dev/null    be the busy owner of node2
              surplus dev down --dir /tmp/pool
            """,
        subcommands: [DevUp.self, DevStatus.self, DevEnv.self, DevExec.self, DevStart.self, DevDown.self])
}

/// Which pool.
struct DevOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory that holds everything of the pool.", valueName: "dir"), completion: .directory)
    var dir: String

    /// The pool that is there.
    ///
    /// - Throws: ``Failure`` when there is none.
    var pool: DevPool {
        get throws { try DevPool.load(from: dir) }
    }
}
