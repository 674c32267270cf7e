import ArgumentParser
import Foundation

/// What `surplus dev status --json` says of a pool.
struct PoolStatus: Decodable {
    struct Node: Decodable {
        let name: String
        /// Of its agent; `nil` while it does not run.
        let pid: Int32?
        let wardenPid: Int32?
    }

    let nodes: [Node]

    init(json text: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(text.utf8))
    }

    subscript(node: String) -> Node? { nodes.first { $0.name == node } }
}

/// What `surplus dev` has on record about a pool, in its directory.
struct PoolRecord: Decodable {
    struct Node: Decodable {
        let name: String
        /// By what its warden names its control groups.
        let instance: String
        /// The control group of its owner, a path below the hierarchies; only where limits are enforced.
        let ownerGroup: String?
    }

    let nodes: [Node]

    static func path(in directory: String) -> String { directory + "/pool.json" }

    init(in directory: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: Self.path(in: directory))))
    }
}
