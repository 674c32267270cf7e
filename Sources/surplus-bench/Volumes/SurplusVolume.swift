import Foundation

/// A shared volume of a pool of four nodes on this machine: node1 is its home and mounts it, the others lend room.
struct SurplusVolume: SpreadContender {
    /// How many nodes each block is on.
    let copies: Int
    private let mebibytes: Int
    private let programs: String
    private let directory: String

    static let lenders = ["node2", "node3", "node4"]
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
        try dev("up", ["--nodes", "\(Self.lenders.count + 1)", "--policy", policy])
        let words =
            ["volume", "create", Self.volume, "--size", "\(mebibytes)MiB", "--replicas", "\(copies)"]
            + Self.lenders.flatMap { ["--on", $0] }
        try Wait.until("there is room to borrow", within: 60) { try ask(words + ["--dry-run"]).status == 0 }
        try surplus(words)
        try mount()
    }

    func remount() throws {
        try unmount()
        try mount()
    }

    func down() {
        _ = try? Tool.end("/usr/bin/umount", ["--lazy", place])
        _ = try? dev("down", [])
        for path in [place, directory, directory + ".yaml"] { try? FileManager.default.removeItem(atPath: path) }
    }

    private func mount() throws {
        try Tool.run(programs + "/mount.surplus", [Self.volume, place, "-o", "agent=" + socket], environment: environment)
    }

    private func unmount() throws { try Tool.run("/usr/bin/umount", [place]) }

    // MARK: Nodes that are lost

    func process(of node: Int) throws -> pid_t {
        let name = Self.lenders[node - 1]
        let status = try PoolStatus(json: try dev("status", ["--json"]))
        guard let process = status[name]?.pid else { throw StorageFault("the agent of \(name) does not run") }
        return process
    }

    func revive() throws { try dev("start", []) }

    /// How a volume is, as `surplus volume status --json` has it.
    struct Status: Decodable {
        struct Lender: Decodable {
            let name: String
            let phase: String
            let usedBytes: Int
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

    /// Moves all blocks off a lender.
    ///
    /// - Returns: how much was there, in bytes.
    func evacuate(_ node: Int) throws -> Int {
        let name = Self.lenders[node - 1]
        let used = try status.lenders.filter { $0.name == name }.map(\.usedBytes).reduce(0, +)
        try surplus(["volume", "evacuate", name])
        return used
    }

    // MARK: Running programs

    private var socket: String { "\(directory)/\(Self.home)/run/agent.sock" }
    private var environment: [String: String] { ["SURPLUS_SOCKET": socket] }

    @discardableResult
    private func dev(_ command: String, _ words: [String]) throws -> String {
        try Tool.run(programs + "/surplus", ["dev", command, "--dir", directory] + words)
    }

    @discardableResult
    private func surplus(_ words: [String]) throws -> String {
        try Tool.run(programs + "/surplus", words, environment: environment)
    }

    private func ask(_ words: [String]) throws -> (status: Int32, output: String, errors: String) {
        try Tool.end(programs + "/surplus", words, environment: environment)
    }
}
