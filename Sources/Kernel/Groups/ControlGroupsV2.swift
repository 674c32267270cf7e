import Glibc
import Resources

/// Control groups of version 2: one hierarchy, whose groups hold either processes or further groups.
struct ControlGroupsV2: GuestGroups {
    let kind = "cgroup v2"
    let holdsLimits = true
    /// Where this process goes when it stands where its guests' groups are to be.
    private static let leaf = "/surplus-warden"
    private let top: String
    private let hierarchy: GroupMounts.Hierarchy
    private let files: GroupFiles
    private let filePages = FilePages()

    init(_ hierarchy: GroupMounts.Hierarchy, parent: String?, kernel: any KernelCalls) {
        let above = parent.map { hierarchy.mount + ($0 == "/" ? "" : $0) } ?? hierarchy.own
        self.init(hierarchy, top: "\(above)/\(ControlGroups.shared)", kernel: kernel)
    }

    init(_ hierarchy: GroupMounts.Hierarchy, top: String, kernel: any KernelCalls) {
        self.hierarchy = hierarchy
        self.top = top
        files = GroupFiles(kernel: kernel)
    }

    var places: [String] { [top] }
    private var kernel: any KernelCalls { files.kernel }
    private func path(_ group: String) -> String { group.isEmpty ? top : "\(top)/\(group)" }

    /// Groups get their controllers from the group above, which then may not hold processes itself: the last level, a job's, is
    /// left without further controllers.
    func make(_ group: String) throws(KernelError) {
        try open(above: top)
        let last = path(group)
        try files.make(group, below: top) { (directory) throws(KernelError) in
            if directory != last || group.split(separator: "/").count < 3 { try open(directory) }
        }
    }

    private func open(_ directory: String) throws(KernelError) {
        let file = directory + "/cgroup.subtree_control"
        let enabled = Set(try kernel.read(file).split { $0 == " " || $0 == "\n" })
        let missing = ["cpu", "memory", "pids"].filter { !enabled.contains(Substring($0)) }
        if !missing.isEmpty { try kernel.write(missing.map { "+" + $0 }.joined(separator: " "), to: file) }
        // without it guests are held all the same, only what they do to disks is not measured
        let available = (try? kernel.read(directory + "/cgroup.controllers"))?.split { $0 == " " || $0 == "\n" } ?? []
        // Without it a group's input and output are not counted, which is not zero; limits do not depend on it.
        if available.contains("io"), !enabled.contains("io") { try? kernel.write("+io", to: file) }
    }

    /// Makes the groups above the shared one that are missing. The last of them may be that of this process (a service with a
    /// delegated group): it makes room by moving into a group of its own.
    private func open(above top: String) throws(KernelError) {
        var parent = hierarchy.mount
        for name in top.dropFirst(hierarchy.mount.count).split(separator: "/").dropLast() {
            if !kernel.exists("\(parent)/\(name)") {
                try open(parent)
                try kernel.makeDirectory("\(parent)/\(name)")
            }
            parent += "/\(name)"
        }
        do {
            try open(parent)
        } catch  where error.number == EBUSY {
            let leaf = parent + Self.leaf
            try kernel.makeDirectory(leaf)
            try kernel.write("\(getpid())", to: leaf + "/cgroup.procs")
            try open(parent)
        }
    }

    func yieldToOwner() throws(KernelError) {
        try make("")
        try ControlGroups.leaveProcesses(to: top, kernel)
        let idle = top + "/cpu.idle"
        if kernel.exists(idle) {
            try kernel.write("1", to: idle)
        } else {
            try kernel.write("1", to: top + "/cpu.weight")
        }
        // the one counts where the kernel estimates what disks cost, the other where bfq schedules them
        for file in ["io.weight", "io.bfq.weight"] where kernel.exists("\(top)/\(file)") {
            try kernel.write("default 1", to: "\(top)/\(file)")
        }
    }

    func setWeight(_ weight: Millicores, of group: String) throws(KernelError) {
        try kernel.write("\(min(max(weight.rawValue / 10, 1), 10_000))", to: path(group) + "/cpu.weight")
    }

    func setCeiling(_ ceiling: Millicores, of group: String) throws(KernelError) {
        let (quota, period) = ControlGroups.quota(of: ceiling)
        try kernel.write("\(quota) \(period)", to: path(group) + "/cpu.max")
    }

    func setMemoryLimit(_ limit: Bytes, of group: String) throws(KernelError) {
        let held = try files.number(in: path(group) + "/memory.current")
        // the kernel would accept less than is held and kill for it
        if held > limit.rawValue, try memory(in: path(group)) > limit { throw KernelError("limit memory to \(limit)", EBUSY) }
        try kernel.write("\(limit.rawValue)", to: path(group) + "/memory.max")
        let swap = path(group) + "/memory.swap.max"
        if kernel.exists(swap) { return try kernel.write("0", to: swap) }
        guard !hasSwap else { throw KernelError("keep memory of \(group) out of swap, which the kernel does not count", ENOTSUP) }
    }

    /// Under a heading each line is a place to swap to. A kernel without the file cannot swap.
    private var hasSwap: Bool { ((try? kernel.read("/proc/swaps")) ?? "").split(separator: "\n").count > 1 }

    func setProcessLimit(_ limit: Int, of group: String) throws(KernelError) {
        try kernel.write("\(limit)", to: path(group) + "/pids.max")
    }

    func setMemoryBrake(_ brake: Bytes?, of group: String) throws(KernelError) {
        try kernel.write(brake.map { "\($0.rawValue)" } ?? "max", to: path(group) + "/memory.high")
    }

    func setDiskLimit(_ limit: Bytes?, of group: String) throws(KernelError) {
        let file = path(group) + "/io.max"
        guard kernel.exists(file) else { return }
        let value = limit.map { "\($0.rawValue)" } ?? "max"
        for disk in DiskFinder(kernel: kernel).numbers() { try kernel.write("\(disk) rbps=\(value) wbps=\(value)", to: file) }
    }

    func diskTraffic(of group: String) -> Bytes? {
        // without the controller nothing is counted
        guard let text = try? kernel.read(path(group) + "/io.stat") else { return nil }
        let activity = GroupActivity(ioStat: text)
        return (activity.diskRead ?? .zero) + (activity.diskWritten ?? .zero)
    }

    func pressureOfAllGuests(_ resource: String) -> Microseconds? {
        PressureTotals(reading: "\(top)/\(resource).pressure", kernel).some
    }

    func pressureBesideGuests(_ resource: String) -> [String: Microseconds] {
        var totals: [String: Microseconds] = [:]
        var parent = hierarchy.mount
        for name in top.dropFirst(hierarchy.mount.count).split(separator: "/") {
            // a group may be removed while it is looked at
            for other in (try? kernel.subdirectories(of: parent)) ?? [] where other != name {
                let path = "\(parent)/\(other)"
                totals[path] = PressureTotals(reading: "\(path)/\(resource).pressure", kernel).some
            }
            parent += "/\(name)"
        }
        return totals
    }

    func entrances(to group: String) -> [String] { [path(group) + "/cgroup.procs"] }

    func add(_ process: pid_t, to group: String) throws(KernelError) {
        try kernel.write("\(process)", to: path(group) + "/cgroup.procs")
    }

    func processes(in group: String) throws(KernelError) -> [pid_t] { try files.processes(in: path(group)) }
    func subgroups(of group: String) throws(KernelError) -> [String] { try kernel.subdirectories(of: path(group)) }

    func usage(of group: String) throws(KernelError) -> GroupUsage { try usage(in: path(group)) }

    func activity(of group: String) -> GroupActivity {
        let directory = path(group)
        var activity = (try? kernel.read(directory + "/io.stat")).map(GroupActivity.init(ioStat:)) ?? GroupActivity()
        activity.cpuPressure = PressureTotals(reading: directory + "/cpu.pressure", kernel)
        activity.memoryPressure = PressureTotals(reading: directory + "/memory.pressure", kernel)
        activity.ioPressure = PressureTotals(reading: directory + "/io.pressure", kernel)
        return activity
    }

    func add(shim process: pid_t, to group: String) {}
    func settle(_ process: pid_t, used: CoreMicroseconds, in group: String) {}
    func usageOfAllGuests() throws(KernelError) -> GroupUsage { try usage(in: top) }

    func usage(ofOwner owner: String) throws(KernelError) -> GroupUsage? {
        let directory = hierarchy.mount + owner
        return kernel.exists(directory) ? try usage(in: directory) : nil
    }

    func usageOfMachine() -> CoreMicroseconds? {
        guard hierarchy.isWhole else { return nil }
        return (try? kernel.read(hierarchy.mount + "/cpu.stat")).flatMap { Machine.value(of: "usage_usec", in: $0) }
            .map { CoreMicroseconds($0) }
    }

    private func usage(in directory: String) throws(KernelError) -> GroupUsage {
        let text = try kernel.read(directory + "/cpu.stat")
        return GroupUsage(
            cpu: CoreMicroseconds(Machine.value(of: "usage_usec", in: text) ?? 0), memory: try memory(in: directory))
    }

    func throttling(of group: String) throws(KernelError) -> Microseconds {
        Microseconds(Machine.value(of: "throttled_usec", in: try kernel.read(path(group) + "/cpu.stat")) ?? 0)
    }

    private func memory(in directory: String) throws(KernelError) -> Bytes {
        let usage = try files.number(in: directory + "/memory.current")
        let pages = try filePages.ofGroup(directory, holding: usage) { () throws(KernelError) in
            Machine.value(of: "inactive_file", in: try kernel.read(directory + "/memory.stat")) ?? 0
        }
        return Bytes(usage - pages)
    }

    func setFrozen(_ isFrozen: Bool, _ group: String) throws(KernelError) {
        try kernel.write(isFrozen ? "1" : "0", to: path(group) + "/cgroup.freeze")
    }

    func kill(_ group: String) throws(KernelError) -> Bool {
        let file = path(group) + "/cgroup.kill"
        guard kernel.exists(file) else {
            return try files.killFrozen(path(group)) { (frozen) throws(KernelError) in try setFrozen(frozen, group) }
        }
        if try files.processes(in: path(group)).isEmpty { return true }
        try kernel.write("1", to: file)
        return false
    }

    func remove(_ group: String) throws(KernelError) {
        try files.remove(path(group))
        filePages.forget(path(group))
    }

    func removeShared() {
        try? kernel.removeDirectory(top)
        try? kernel.removeDirectory(top.dropLast(ControlGroups.shared.count + 1) + Self.leaf)
    }
}
