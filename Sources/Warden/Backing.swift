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
        try found.make(configuration.instance)
        try found.yieldToOwner()
        try state.groups.save(GroupRecord(places: found.places))
        groups = found
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
