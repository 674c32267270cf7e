import ArgumentParser
import Foundation

/// A pool of this benchmark's own: node1 borrows, node2 lends, as people would start it at a prompt.
final class BenchPool {
    /// What node2 is, where that differs from what `surplus dev up` makes of it.
    struct Lender {
        /// What it lends, and on which terms.
        var policy = BenchPool.policy(cpu: "90%", memory: "90%")
        /// What its owner has; all of the machine's processors unless said otherwise.
        var cpu = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        var mebibytes: Int?
        /// The control group of its owner, in place of the usual one; a path below the hierarchies.
        var ownerGroup: String?
        /// Files by which a process enters the groups in which the pool's own processes are to be.
        var entrances: [String] = []
    }

    static let lenderName = "node2"

    /// The path of `surplus`.
    let program: String
    let directory: String
    private let lender: Lender

    init(programs: String, _ lender: Lender = Lender()) throws {
        program = URL(fileURLWithPath: programs).path + "/surplus"
        directory = NSTemporaryDirectory() + "/surplus-pool-\(getpid())"
        self.lender = lender
        let policy = directory + ".yaml"
        try lender.policy.write(toFile: policy, atomically: false, encoding: .utf8)
        do {
            try dev("up", "--nodes", "2", "--policy", policy)
            try configure()
        } catch {
            down()
            throw error
        }
    }

    func down() {
        _ = try? dev("down")
        try? FileManager.default.removeItem(atPath: directory + ".yaml")
    }

    /// Lends all there is to anybody, up to thresholds of the owner's.
    static func policy(cpu: String, memory: String) -> String {
        """
        name: bench
        lend:
          cpu: {threshold: \(cpu), share: 100%, price: 1}
          memory: {threshold: \(memory), share: 80%, price: 0.2}
          leases: 1000
        credit: {grants: 1000, owes: 1000}

        """
    }

    var node: OwnedNode {
        get throws { try OwnedNode(program: program, directory: directory, name: Self.lenderName, borrower: "node1") }
    }

    /// The process ids of node2.
    var daemons: (agent: Int32, warden: Int32) {
        get throws {
            let node = try PoolStatus(json: try dev("status", "--json"))[Self.lenderName]
            guard let agent = node?.pid, let warden = node?.wardenPid else {
                throw ValidationError("\(Self.lenderName) does not run: see \(directory)")
            }
            return (agent, warden)
        }
    }

    /// Starts node2's daemons anew: an owner who needed the machine a moment ago is forgotten, so that the next try begins as the
    /// first one did. Nothing of guests may be left.
    func restart() throws {
        let daemons = try daemons
        try end(daemons.agent)
        try end(daemons.warden)
        try dev("start", Self.lenderName)
    }

    private func configure() throws {
        let path = "\(directory)/\(Self.lenderName)/config.yaml"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        text.replace(/cpu: [0-9]+m/, with: "cpu: \(lender.cpu)")
        if let mebibytes = lender.mebibytes { text.replace(/memory: .*/, with: "memory: \(mebibytes) MiB") }
        if let group = lender.ownerGroup {
            guard let old = text.firstMatch(of: /cgroup: (.*)}/)?.1 else { throw ValidationError("no owner's group in \(path)") }
            let pool = PoolRecord.path(in: directory)
            let record = try String(contentsOfFile: pool, encoding: .utf8).replacing(old, with: group)
            try record.write(toFile: pool, atomically: true, encoding: .utf8)
            Self.removeGroup(String(old))
            text = text.replacing(old, with: group)
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try end(try daemons.agent)
        try dev("start", Self.lenderName)
    }

    /// Removes a group of no processes, and that above it if nothing else is in it.
    private static func removeGroup(_ path: String) {
        for hierarchy in ["", "/cpu", "/cpuacct", "/memory"] {
            let group = URL(fileURLWithPath: "/sys/fs/cgroup\(hierarchy)\(path)")
            rmdir(group.path)
            rmdir(group.deletingLastPathComponent().path)
        }
    }

    private func end(_ process: Int32) throws {
        kill(process, SIGTERM)
        let deadline = Date(timeIntervalSinceNow: 20)
        while kill(process, 0) == 0 {
            guard Date() < deadline else { throw ValidationError("process \(process) does not end") }
            usleep(20_000)
        }
    }

    @discardableResult
    private func dev(_ words: String...) throws -> String {
        let command = [program, "dev", words[0], "--dir", directory] + words.dropFirst()
        let enter = lender.entrances.map { "echo $$ > '\($0)' && " }.joined() + "exec \"$@\""
        return try Clients(command: ["/bin/sh", "-c", enter, "sh"] + command, environment: ["HOME": "/"]).output()
    }
}

/// Where the programs are that a benchmark measures.
struct ProgramOptions: ParsableArguments {
    @Option(help: "The directory of surplus, surplusd and surplus-warden.")
    var programs: String

    /// A pool of the benchmark's own, for as long as `body` runs.
    func withPool<Result>(_ lender: BenchPool.Lender = BenchPool.Lender(), _ body: (BenchPool) throws -> Result) throws -> Result
    {
        guard geteuid() == 0 else { throw ValidationError("only for root: without, limits are not enforced") }
        let pool = try BenchPool(programs: programs, lender)
        defer { pool.down() }
        return try body(pool)
    }
}
