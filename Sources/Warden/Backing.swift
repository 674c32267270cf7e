import Glibc
import Kernel

/// How guests are held on this machine, and how well.
struct Backing {
    let groups: any GuestGroups
    /// `"cgroup v2"`, `"cgroup v1"`, or `"none: "` and why limits are not enforced.
    let enforcement: String

    /// Takes up the groups of a former warden, or finds out what there is and tests whether limits bite.
    init(_ configuration: WardenConfiguration, _ state: StateDirectory, _ kernel: any KernelCalls) throws(KernelError) {
        guard configuration.isPrivileged else {
            groups = PlainProcesses(kernel: kernel)
            enforcement = "none: the warden runs without privileges"
            return
        }
        guard geteuid() == 0 else { throw KernelError("enforce limits without being root (or else say --unprivileged)", EPERM) }
        let found = try Self.find(configuration, state, kernel)
        try found.make(configuration.instance)
        try found.yieldToOwner()
        try state.groups.save(GroupRecord(places: found.places))
        groups = found
        enforcement = Self.test(found, in: configuration.instance, kernel)
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

    private static func test(_ groups: any GuestGroups, in instance: String, _ kernel: any KernelCalls) -> String {
        // what cannot be removed now is, as an orphan, when leases are restored
        defer { try? groups.remove("\(instance)/self-test") }
        do throws(LimitSelfTest.Failure) {
            try LimitSelfTest(groups, kernel: kernel).run(in: "\(instance)/self-test/load")
            return groups.kind
        } catch { return "none: \(groups.kind) is there, but \(error)" }
    }
}
