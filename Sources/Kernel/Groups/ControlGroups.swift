import Glibc
import Resources

/// Finds out how guests can be held on this machine.
package enum ControlGroups {
    /// The name of the group that the guests of all agents share.
    package static let shared = "surplus"
    /// What the path of every guest's control group has in it.
    package static let guestPath = "/\(shared)/"

    /// The machine's control groups, or why there are none to use.
    ///
    /// - Parameter parent: The group under which the shared one is to be, as a path below the mount points; `nil` for the group of
    ///   this process.
    package static func detect(parent: String? = nil, kernel: any KernelCalls = LinuxKernel()) throws(KernelError)
        -> any GuestGroups
    {
        let mounts = try GroupMounts(kernel: kernel)
        if let unified = mounts.unified, try Self.controllers(of: unified, kernel).isSuperset(of: ["cpu", "memory"]) {
            return ControlGroupsV2(unified, parent: parent, kernel: kernel)
        }
        let missing = ControlGroupsV1.controllers.filter { mounts.controllers[$0] == nil }
        guard missing.isEmpty else {
            throw KernelError("find the control groups for \(missing.joined(separator: ", "))", ENOENT)
        }
        return ControlGroupsV1(mounts, parent: parent, kernel: kernel)
    }

    /// Takes up the groups that a record of ``GuestGroups/places`` names, so that a restart from elsewhere finds them again.
    package static func resume(_ places: [String], kernel: any KernelCalls = LinuxKernel()) throws(KernelError)
        -> any GuestGroups
    {
        let mounts = try GroupMounts(kernel: kernel)
        if let unified = mounts.unified, places.count == 1 {
            return ControlGroupsV2(unified, top: places[0], kernel: kernel)
        }
        let needed = ControlGroupsV1.controllers.count
        guard (needed...needed + 1).contains(places.count) else {
            throw KernelError("understand the record of the control groups", EINVAL)
        }
        return ControlGroupsV1(mounts, tops: places, kernel: kernel)
    }

    /// What a group may use in each period, in microseconds. A long period: the kernel takes no quota below 1 ms, and each time that
    /// guests are stopped and let go on costs the owner's programs a little.
    static func quota(of ceiling: Millicores) -> (quota: Int64, period: Int64) {
        let period: Int64 = 100_000
        return (max(ceiling.rawValue * period / 1000, 1000), period)
    }

    /// Lets all guests together have half of the processes and threads that there can be on the machine, so that the owner can always
    /// start others.
    ///
    /// - Parameter directory: the shared group, in the hierarchy that counts processes.
    static func leaveProcesses(to directory: String, _ kernel: any KernelCalls) throws(KernelError) {
        guard kernel.exists(directory + "/pids.max") else { return }
        func most(_ name: String) -> Int? {
            // a container need not show what the machine may have
            (try? kernel.read("/proc/sys/kernel/" + name)).flatMap { Int($0.prefix { $0.isNumber }) }
        }
        let all = [most("pid_max"), most("threads-max")].compactMap(\.self).min() ?? 32_768
        try kernel.write("\(all / 2)", to: directory + "/pids.max")
    }

    private static func controllers(of hierarchy: GroupMounts.Hierarchy, _ kernel: any KernelCalls) throws(KernelError)
        -> Set<Substring>
    {
        let path = hierarchy.mount + "/cgroup.controllers"
        guard kernel.exists(path) else { return [] }
        return Set(try kernel.read(path).split { $0 == " " || $0 == "\n" })
    }
}

/// What both versions of control groups do alike.
struct GroupFiles: Sendable {
    let kernel: any KernelCalls

    func number(in path: String) throws(KernelError) -> Int64 {
        let text = try kernel.read(path)
        guard let value = Int64(text.prefix { $0 != "\n" }) else { throw KernelError("understand \(path)", EINVAL) }
        return value
    }

    func processes(in directory: String) throws(KernelError) -> [pid_t] {
        guard kernel.exists(directory) else { return [] }
        var result = try kernel.read(directory + "/cgroup.procs").split(separator: "\n").compactMap { pid_t($0) }
        for name in try kernel.subdirectories(of: directory) { result += try processes(in: "\(directory)/\(name)") }
        return result
    }

    /// Makes `group` below `top`, level by level, and calls `made` after each level.
    func make(_ group: String, below top: String, _ made: (String) throws(KernelError) -> Void) throws(KernelError) {
        var path = top
        try kernel.makeDirectory(path)
        try made(path)
        for name in group.split(separator: "/") {
            path += "/\(name)"
            try kernel.makeDirectory(path)
            try made(path)
        }
    }

    /// Makes the directories above that are missing.
    func makeParents(of directory: String) throws(KernelError) {
        var path = ""
        for name in directory.split(separator: "/").dropLast() {
            path += "/\(name)"
            if !kernel.exists(path) { try kernel.makeDirectory(path) }
        }
    }

    func remove(_ directory: String) throws(KernelError) {
        for name in try kernel.subdirectories(of: directory) { try remove("\(directory)/\(name)") }
        try kernel.removeDirectory(directory)
    }

    /// Freezes, so that nothing can fork, kills each, and lets them go to their end.
    func killFrozen(
        _ directory: String, setFrozen: (Bool) throws(KernelError) -> Void
    ) throws(KernelError) -> Bool {
        if try processes(in: directory).isEmpty { return true }
        try setFrozen(true)
        var failure: KernelError?
        do throws(KernelError) {
            for process in try processes(in: directory) { try kernel.signal(SIGKILL, to: process) }
        } catch { failure = error }
        try setFrozen(false)
        if let failure { throw failure }
        return false
    }
}
