import Glibc

/// The control group whose processes count as the owner of one node, in every hierarchy that matters (cgroup v1), or in the
/// one there is (v2).
struct OwnerGroup {
    private static let root = "/sys/fs/cgroup"

    /// Its path within a hierarchy, such as `/surplus-dev/1a2b3c4d-node1`.
    let path: String

    private static var isUnified: Bool { access("\(root)/cgroup.controllers", F_OK) == 0 }

    /// Where it is, once for each hierarchy.
    private var directories: [String] {
        if Self.isUnified { return [Self.root + path] }
        let hierarchies = ["cpu", "cpuacct", "memory"].map { "\(Self.root)/\($0)" }
        return hierarchies.filter { access($0, F_OK) == 0 }.map { $0 + path }
    }

    func make() throws(Failure) {
        for directory in directories {
            try OutputPlacement.makeParents(of: directory)
            if Self.isUnified { Self.enableControllers(above: directory) }
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw Failure(directory, errno: errno) }
        }
    }

    /// Lets groups below the root be measured. Where that fails it was so already, or the warden's self-test says what lacks.
    private static func enableControllers(above directory: String) {
        var parent = root
        for name in directory.dropFirst(root.count).split(separator: "/").dropLast() {
            try? TextFile.write("+cpu +memory", to: "\(parent)/cgroup.subtree_control")
            parent += "/\(name)"
        }
        try? TextFile.write("+cpu +memory", to: "\(parent)/cgroup.subtree_control")
    }

    /// Moves this process into it.
    func enter() throws(Failure) {
        for directory in directories { try TextFile.write("\(getpid())", to: "\(directory)/cgroup.procs") }
    }

    /// Removes it, and the groups above it that are empty now. Processes that are still in it go on in the root group: they
    /// are the owner's.
    func remove() {
        for directory in directories {
            let top = directory.dropLast(path.count)
            for pid in TextFile.read("\(directory)/cgroup.procs")?.split(separator: "\n") ?? [] {
                try? TextFile.write("\(pid)", to: "\(top)/cgroup.procs")
            }
            var group = directory
            while group.count > top.count, rmdir(group) == 0 {
                group = String(group[..<(group.lastIndex(of: "/") ?? group.startIndex)])
            }
        }
    }
}
