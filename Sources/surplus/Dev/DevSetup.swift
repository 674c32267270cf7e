import Glibc
import Kernel
import Resources

/// The directories and configurations of a pool that is to be started.
struct DevSetup: Sendable {
    let pool: DevPool
    let policy: String
    let share: Amounts

    /// Plans the pool and makes its directory.
    ///
    /// - Parameters:
    ///   - policy: as a node's configuration refers to it.
    ///   - images: roots that jobs may run in, each `NAME=DIR`.
    ///   - enforced: whether limits are; needs root.
    init(directory: String, nodes: Int, policy: String, images: [String] = [], enforced: Bool) throws {
        let images = try images.map(Self.absolute(image:))
        try OutputPlacement.makeParents(of: directory)
        let ownsDirectory = mkdir(directory, 0o755) == 0
        guard ownsDirectory || errno == EEXIST, let real = Paths.real(directory) else { throw Failure(directory, errno: errno) }
        if enforced { try Self.checkEntry(to: real) }
        let tag = Self.tag(of: real)
        let ports = try ListenerPorts.free(nodes)
        pool = DevPool(
            directory: real, ownsDirectory: ownsDirectory,
            nodes: (1...nodes).map { number in
                let instance = "dev-\(tag)-node\(number)"
                return DevPool.Node(
                    name: "node\(number)", address: "127.0.0.1:\(ports[number - 1])", instance: instance,
                    ownerGroup: enforced ? "/surplus-dev/\(instance)" : nil)
            }, images: images.isEmpty ? nil : images)
        self.policy = policy
        share = Machine.share(of: nodes, diskOf: real)
        let longest = pool.layout(of: pool.nodes[nodes - 1]).wardenSocket
        guard longest.utf8.count <= DevLayout.longestSocket else {
            if ownsDirectory { rmdir(real) }
            throw Failure(
                object: directory, fault: "the path is too long for sockets below it",
                remedy: "choose one that is \(longest.utf8.count - DevLayout.longestSocket) bytes shorter")
        }
    }

    private static func absolute(image: String) throws(Failure) -> String {
        let parts = image.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw Failure(
                object: "--image \(image)", fault: "not a name and a directory",
                remedy: "write NAME=DIR, such as debian=/srv/images/debian", status: Invocation.usageStatus)
        }
        guard let path = Paths.real(parts[1]) else { throw Failure(parts[1], errno: errno) }
        return "\(parts[0])=\(path)"
    }

    /// Guests run as users of their own, who have to get to their files.
    private static func checkEntry(to directory: String) throws(Failure) {
        var path = ""
        for name in directory.split(separator: "/") {
            path += "/\(name)"
            var status = Glibc.stat()
            guard stat(path, &status) == 0 else { throw Failure(path, errno: errno) }
            guard status.st_mode & S_IXOTH != 0 else {
                throw Failure(
                    object: path, fault: "guests of the pool, who are other users, cannot enter it",
                    remedy: "'chmod o+x \(path)' lets them, or choose another directory")
            }
        }
    }

    /// Makes the directories, the configuration and the owner's control group of one node.
    func prepare(_ node: DevPool.Node) throws {
        let layout = pool.layout(of: node)
        for (directory, mode) in [
            (layout.directory, 0o755), (layout.data, 0o700), (layout.run, 0o755), (layout.wardenState, 0o711),
        ] {
            guard mkdir(directory, mode_t(mode)) == 0 else { throw Failure(directory, errno: errno) }
        }
        if let group = node.ownerGroup { try OwnerGroup(path: group).make() }
        try TextFile.write(configuration(of: node), to: layout.configuration)
    }

    /// Paths in it start at its own directory.
    func configuration(of node: DevPool.Node) -> String {
        let scope = node.ownerGroup.map { "{cgroup: \($0)}" } ?? "everything"
        return """
            # Made by 'surplus dev up'.
            name: \(node.name)
            data_directory: data
            socket: run/agent.sock
            listen: \(node.address)
            advertise: \(node.address)
            capacity:
              cpu: \(share.cpu.rawValue)m
              memory: \(share.memory.text)
              disk: \(share.disk.text)
            storage: storage
            owner:
              scope: \(scope)
            policy: \(Self.yaml(policy))
            warden:
              socket: run/warden.sock
            accounting:
              metrics: 127.0.0.1:0

            """
    }

    /// A double-quoted scalar: any path is one.
    private static func yaml(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    /// Eight hexadecimal digits that tell pools in different directories apart (FNV-1a).
    private static func tag(of directory: String) -> String {
        let hash = directory.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return String(repeating: "0", count: hash.leadingZeroBitCount / 4) + (hash == 0 ? "" : String(hash, radix: 16))
    }
}
