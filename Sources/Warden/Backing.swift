import Glibc
import Kernel

/// How guests are held on this machine.
struct Backing {
    let groups: any GuestGroups

    /// Takes up the groups of a former warden, or finds out what there is.
    init(_ configuration: WardenConfiguration, _ state: StateDirectory, _ kernel: any KernelCalls) throws(KernelError) {
        guard configuration.isPrivileged else {
            groups = PlainProcesses(kernel: kernel)
            return
        }
        guard geteuid() == 0 else { throw KernelError("enforce limits without being root (or else say --unprivileged)", EPERM) }
        let found = try Self.find(configuration, state, kernel)
        try state.groups.save(GroupRecord(places: found.places, parents: try Self.parents(of: found, state, kernel)))
        try found.make(configuration.instance)
        try found.yieldToOwner()
        groups = found
    }

    /// The groups above the guests' that a former warden of this state has made, and those that are missing.
    private static func parents(
        of groups: any GuestGroups, _ state: StateDirectory, _ kernel: any KernelCalls
    ) throws(KernelError) -> [String] {
        var parents = try state.groups.load()?.parents ?? []
        for place in groups.places {
            var path = ""
            for name in place.split(separator: "/").dropLast() {
                path += "/\(name)"
                if !kernel.exists(path), !parents.contains(path), parents.count < GroupRecord.mostParents { parents.append(path) }
            }
        }
        return parents
    }

    /// The control groups of a former warden of this state, or those of this process.
    static func find(
        _ configuration: WardenConfiguration, _ state: StateDirectory, _ kernel: any KernelCalls
    ) throws(KernelError) -> any GuestGroups {
        if configuration.parent == nil, let record = try state.groups.load(), record.places.allSatisfy(kernel.exists) {
            return try ControlGroups.resume(record.places, kernel: kernel)
        }
        return try ControlGroups.detect(parent: configuration.parent, kernel: kernel)
    }
}
