import Foundation
import Kernel

/// A shared volume of a pool of four nodes on this machine: node1 is its home and mounts it, the others lend room.
struct SurplusVolume: SpreadContender {
    /// How many nodes each block is on.
    let copies: Int
    private let mebibytes: Int
    private let programs: String
    private let directory: String

    static let lenders = ["node2", "node3", "node4"]
    private static let attempts = 3
    private static let home = "node1"
    private static let volume = "bench"
    private static let policy = """
        name: bench
        lend:
          cpu: {threshold: 80%, share: 60%, price: 1 credit}
          memory: {threshold: 80%, share: 50%, price: 0.2 credits}
          disk: {keep_free: 5%, share: 90%, price: 0.001 credits}
        credit: {grants: 1000 credits, newcomers: 1000 credits, owes: 1000 credits}

        """

    /// - Parameters:
    ///   - mebibytes: How much content there is room for.
    ///   - programs: The directory of Surplus's programs.
    ///   - disk: Where the pool is made.
    init(copies: Int, mebibytes: Int, programs: String, on disk: String) {
        self.copies = copies
        self.mebibytes = mebibytes
        self.programs = URL(fileURLWithPath: programs).path
        directory = disk + "/pool"
    }

    var name: String { "Surplus, \(copies) copies" }
    var place: String { directory + ".mount" }
    func about() -> [String] { [] }

    func up() throws {
        let policy = directory + ".yaml"
        try Self.policy.write(toFile: policy, atomically: false, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        for attempt in 1... {
            do {
                try make(policy)
                break
            } catch {
                if attempt == Self.attempts { throw error }
                // on a busy machine a node may find that it cannot hold limits, and then lends nothing until it starts again
                _ = try? dev("down")
            }
        }
        try mount()
    }

    func remount() throws {
        try unmount()
        try mount()
    }

    func down() {
        _ = try? unmount("--lazy")
        _ = try? dev("down")
        for path in [place, directory, directory + ".yaml"] { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Starts the pool and makes the volume.
    private func make(_ policy: String) throws {
        try dev("up", "--nodes", "\(Self.lenders.count + 1)", "--policy", policy)
        let words =
            ["volume", "create", Self.volume, "--size", "\(mebibytes)MiB", "--replicas", "\(copies)"]
            + Self.lenders.flatMap { ["--on", $0] }
        // the nodes may not know each other yet; what is in the way at the end is said by making it
        try? Wait.until("there is room to borrow", within: 20) { (try? surplus(words + ["--dry-run"])) != nil }
        try surplus(words)
    }

    private func mount() throws {
        try call("mount.surplus", [Self.volume, place, "-o", "agent=" + socket])
    }

    private func unmount(_ options: String...) throws {
        _ = try Clients(command: ["/usr/bin/umount"] + options + [place], environment: [:]).output()
    }

    // MARK: Nodes that are lost

    func process(of node: Int) throws -> pid_t {
        let name = Self.lenders[node - 1]
        let status = try PoolStatus(json: try dev("status", "--json"))
        guard let process = status[name]?.pid else { throw StorageFault("the agent of \(name) does not run") }
        return process
    }

    func revive() throws { try dev("start") }

    /// How a volume is, as `surplus volume status --json` has it.
    struct Status: Decodable {
        struct Lender: Decodable {
            let name: String
            let phase: String
            let usedBytes: Int
            let freeBytes: Int
        }

        struct Kept: Decodable { let health: String? }

        let volume: Kept
        let lenders: [Lender]

        /// Whether each block has all its copies, and all lenders are there.
        var isWhole: Bool { volume.health == "healthy" && lenders.allSatisfy { $0.phase == "open" } }
    }

    var status: Status {
        get throws {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Status.self, from: Data(try surplus(["volume", "status", Self.volume, "--json"]).utf8))
        }
    }

    func awaitWhole(within seconds: Double) throws {
        try Wait.until("\(name): every block has its copies", within: seconds) { try status.isWhole }
    }

    /// The volume has room as soon as a file is removed, its lenders once they have deleted the blocks.
    func awaitRoom(mebibytes: Int) throws {
        let share = mebibytes * copies / Self.lenders.count * PlainFile.chunk
        try Wait.until("\(name) has room for \(mebibytes) MiB", within: 120) {
            try status.lenders.allSatisfy { $0.freeBytes >= share }
        }
    }

    /// Moves all blocks off a lender. The command itself ends later, when nobody can read a block there any more and all are deleted.
    ///
    /// - Returns: how much was there, in bytes.
    func evacuate(_ node: Int) throws -> Int {
        let name = Self.lenders[node - 1]
        let used = try used(on: name)
        let command = [programs + "/surplus", "volume", "evacuate", name]
        let process = try ChildProcess.start(command, environment: ["SURPLUS_SOCKET": socket])
        var isRunning = true
        defer {
            if isRunning {
                kill(process, SIGINT)
                waitpid(process, nil, 0)
            }
        }
        try Wait.until("all is moved off \(name)", within: 300) {
            var ending: Int32 = 0
            if isRunning, waitpid(process, &ending, WNOHANG) == process { isRunning = false }
            guard ending == 0 else { throw StorageFault("surplus volume evacuate failed (wait status \(ending))") }
            return try self.used(on: name) == 0
        }
        return used
    }

    /// What a lender has of the volume, in bytes; none when it is one no more.
    private func used(on lender: String) throws -> Int {
        try status.lenders.filter { $0.name == lender }.map(\.usedBytes).reduce(0, +)
    }

    // MARK: Running programs

    private var socket: String { "\(directory)/\(Self.home)/run/agent.sock" }

    @discardableResult
    private func dev(_ command: String, _ words: String...) throws -> String {
        try call("surplus", ["dev", command, "--dir", directory] + words)
    }

    @discardableResult
    private func surplus(_ words: [String]) throws -> String { try call("surplus", words) }

    @discardableResult
    private func call(_ program: String, _ words: [String]) throws -> String {
        try Clients(command: ["\(programs)/\(program)"] + words, environment: ["SURPLUS_SOCKET": socket]).output()
    }
}
