import FoundationEssentials
import Glibc

/// A pool of agents on this machine, as it is recorded in its directory before anything of it is started: whatever
/// happens to `dev up`, `dev down` knows what there may be.
struct DevPool: Codable, Equatable {
    static let file = "pool.json"

    struct Node: Codable, Equatable {
        var name: String
        /// Host and port of the peer listener.
        var address: String
        /// Tells this node's warden from all others on the machine.
        var instance: String
        /// The control group that counts as this node's owner; `nil` when limits are not enforced.
        var ownerGroup: String?
    }

    var schema = 1
    /// Absolute, without links.
    var directory: String
    /// Whether the directory was made for the pool and goes with it.
    var ownsDirectory: Bool
    var nodes: [Node]
    /// Roots that every node offers to jobs, each `NAME=DIR` with an absolute path; `nil`: none.
    var images: [String]?

    /// Reads the record of the pool in `directory`.
    static func load(from directory: String) throws -> DevPool {
        let remedy = "'surplus dev up --nodes 3 --dir \(directory)' makes one"
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)")) else {
            throw Failure(object: directory, fault: "there is no pool", remedy: remedy)
        }
        do {
            var pool = try JSONDecoder().decode(DevPool.self, from: data)
            pool.directory = Paths.real(directory) ?? directory
            return pool
        } catch {
            throw Failure(
                object: "\(directory)/\(file)", fault: "not the record of a pool",
                remedy: "remove it if nothing of a pool is running")
        }
    }

    /// Writes the record where there is none yet.
    func create() throws {
        let path = "\(directory)/\(Self.file)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            guard errno == EEXIST else { throw Failure(path, errno: errno) }
            throw Failure(
                object: directory, fault: "there is a pool already", remedy: "'surplus dev down --dir \(directory)' ends it")
        }
        defer { close(descriptor) }
        let code = Terminal.write(text, to: descriptor)
        guard code == 0 else { throw Failure(path, errno: code) }
    }

    func node(_ name: String) throws -> Node {
        guard let node = nodes.first(where: { $0.name == name }) else {
            throw Failure(
                object: name, fault: "no node of this pool", remedy: "they are \(nodes.map(\.name).joined(separator: ", "))")
        }
        return node
    }

    func layout(of node: Node) -> DevLayout { DevLayout(directory: "\(directory)/\(node.name)") }
}

/// What is where in the directory of one node.
struct DevLayout {
    /// The most that fits a Unix socket's path.
    static let longestSocket = 107

    let directory: String
    var configuration: String { "\(directory)/config.yaml" }
    var data: String { "\(directory)/data" }
    var run: String { "\(directory)/run" }
    var wardenState: String { "\(directory)/warden" }
    var agentSocket: String { "\(run)/agent.sock" }
    var wardenSocket: String { "\(run)/warden.sock" }
    var agent: Daemon { Daemon(record: "\(run)/surplusd.process", log: "\(directory)/surplusd.log") }
    var warden: Daemon { Daemon(record: "\(run)/surplus-warden.process", log: "\(directory)/surplus-warden.log") }
}
