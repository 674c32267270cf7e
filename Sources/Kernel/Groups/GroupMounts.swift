import Glibc

/// Where this process finds the control groups of the machine.
struct GroupMounts: Hashable, Sendable {
    /// One hierarchy.
    struct Hierarchy: Hashable, Sendable {
        /// Where it is mounted.
        var mount: String
        /// Where the group of this process is.
        var own: String
        /// The mount shows the whole machine, not only the part that a container may see.
        var isWhole: Bool
    }

    /// The version 1 hierarchies by controller.
    var controllers: [String: Hierarchy] = [:]
    var unified: Hierarchy?

    init(kernel: any KernelCalls) throws(KernelError) {
        let mounts = Self.mounts(try kernel.read("/proc/self/mountinfo"))
        for line in try kernel.read("/proc/self/cgroup").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            if fields[1].isEmpty {
                unified = mounts.first { $0.isUnified }.flatMap { Self.hierarchy($0, own: String(fields[2])) }
            }
            for controller in fields[1].split(separator: ",") {
                guard let mount = mounts.first(where: { $0.controllers.contains(controller) }) else { continue }
                controllers[String(controller)] = Self.hierarchy(mount, own: String(fields[2]))
            }
        }
    }

    private struct Mount {
        var root: String
        var path: String
        var isUnified: Bool
        var controllers: [Substring]
    }

    /// Lines of proc_pid_mountinfo(5): `36 35 98:0 /root /path options ... - type source superoptions`. What a later mount
    /// covers cannot be reached and is left out.
    private static func mounts(_ text: String) -> [Mount] {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }.filter { $0.count > 4 }
        return lines.enumerated().compactMap { number, fields in
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 3 else { return nil }
            let (path, type) = (fields[4], fields[dash + 1])
            guard type == "cgroup" || type == "cgroup2" else { return nil }
            guard !lines[(number + 1)...].contains(where: { path == $0[4] || path.hasPrefix($0[4] + "/") }) else { return nil }
            return Mount(
                root: String(fields[3]), path: String(path), isUnified: type == "cgroup2",
                controllers: type == "cgroup" ? fields[dash + 3].split(separator: ",") : [])
        }
    }

    /// A group is named from the root of its hierarchy, of which a container may see a part only.
    private static func hierarchy(_ mount: Mount, own: String) -> Hierarchy? {
        let isWhole = mount.root == "/"
        guard isWhole || own == mount.root || own.hasPrefix(mount.root + "/") || own == "/" else { return nil }
        let inside = isWhole || own == "/" ? own : String(own.dropFirst(mount.root.count))
        return Hierarchy(mount: mount.path, own: inside == "/" ? mount.path : mount.path + inside, isWhole: isWhole)
    }
}
