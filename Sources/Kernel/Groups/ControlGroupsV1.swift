import Glibc
import Resources

/// Control groups of version 1: one hierarchy for each controller, in each of which the same groups are made.
struct ControlGroupsV1: GuestGroups {
    /// Those needed, in the order of ``places``.
    static let controllers = ["cpu", "cpuacct", "memory", "pids", "freezer"]
    /// Behind them where there is one: what guests do to disks is measured there.
    static let diskController = "blkio"

    let kind = "cgroup v1"
    let holdsLimits = true
    let places: [String]
    private let files: GroupFiles
    private let filePages = FilePages()
    private let mounts: [String: GroupMounts.Hierarchy]

    init(_ mounts: GroupMounts, parent: String?, kernel: any KernelCalls) {
        let present = Self.controllers + [Self.diskController].filter { mounts.controllers[$0] != nil }
        let tops = present.map { controller in
            let hierarchy = mounts.controllers[controller]
            let above = parent.map { (hierarchy?.mount ?? "") + ($0 == "/" ? "" : $0) } ?? hierarchy?.own ?? ""
            return "\(above)/\(ControlGroups.shared)"
        }
        self.init(mounts, tops: tops, kernel: kernel)
    }

    /// - Parameter tops: Where the shared group is in the hierarchy of each of ``controllers``, and of ``diskController`` if used.
    init(_ mounts: GroupMounts, tops: [String], kernel: any KernelCalls) {
        files = GroupFiles(kernel: kernel)
        self.mounts = mounts.controllers
        places = tops
    }

    private var kernel: any KernelCalls { files.kernel }

    /// Hierarchies may hold several controllers, such as `cpu,cpuacct`.
    private var tops: [String] {
        places.enumerated().filter { !places[..<$0.offset].contains($0.element) }.map(\.element)
    }

    private func path(_ controller: String, _ group: String) -> String {
        let top = Self.controllers.firstIndex(of: controller).map { places[$0] } ?? ""
        return group.isEmpty ? top : "\(top)/\(group)"
    }

    func make(_ group: String) throws(KernelError) {
        for top in tops {
            if !kernel.exists(top) { try files.makeParents(of: top) }
            try files.make(group, below: top) { (directory) throws(KernelError) in
                // before Linux 5.11 a group's memory counted for those above only if asked for, before it had children
                let hierarchy = directory + "/memory.use_hierarchy"
                if directory == top, kernel.exists(hierarchy), try files.number(in: hierarchy) == 0 {
                    try kernel.write("1", to: hierarchy)
                }
                if directory != top { try inheritDiskLimit(directory) }
            }
        }
    }

    func yieldToOwner() throws(KernelError) {
        try make("")
        try ControlGroups.leaveProcesses(to: path("pids", ""), kernel)
        let idle = path("cpu", "") + "/cpu.idle"
        if kernel.exists(idle) {
            // shares cannot be set in an idle group, which another warden may have made of it
            try kernel.write("1", to: idle)
        } else {
            try kernel.write("2", to: path("cpu", "") + "/cpu.shares")
        }
    }

    func setWeight(_ weight: Millicores, of group: String) throws(KernelError) {
        let shares = min(max(weight.rawValue, 2), 262_144)
        try kernel.write("\(shares)", to: path("cpu", group) + "/cpu.shares")
    }

    func setCeiling(_ ceiling: Millicores, of group: String) throws(KernelError) {
        let directory = path("cpu", group)
        let (quota, period) = ControlGroups.quota(of: ceiling)
        // in this order the group is never without a limit, though for a moment under a tighter or wider one
        if try files.number(in: directory + "/cpu.cfs_period_us") != period {
            try kernel.write("\(period)", to: directory + "/cpu.cfs_period_us")
        }
        try kernel.write("\(quota)", to: directory + "/cpu.cfs_quota_us")
    }

    func setMemoryLimit(_ limit: Bytes, of group: String) throws(KernelError) {
        let memory = path("memory", group) + "/memory.limit_in_bytes"
        let both = path("memory", group) + "/memory.memsw.limit_in_bytes"
        let value = "\(limit.rawValue)"
        guard kernel.exists(both) else { return try kernel.write(value, to: memory) }
        // memory with swap may never be limited below memory alone
        let isRaised = try files.number(in: both) < limit.rawValue
        for file in isRaised ? [both, memory] : [memory, both] { try kernel.write(value, to: file) }
    }

    func setProcessLimit(_ limit: Int, of group: String) throws(KernelError) {
        try kernel.write("\(limit)", to: path("pids", group) + "/pids.max")
    }

    /// Version 1 knows no limit that slows down instead of killing.
    func setMemoryBrake(_ brake: Bytes?, of group: String) {}

    func setDiskLimit(_ limit: Bytes?, of group: String) throws(KernelError) {
        guard let top = disks else { return }
        let lines = DiskFinder(kernel: kernel).numbers().map { "\($0) \(limit?.rawValue ?? 0)" }
        try setDiskLimit(lines, of: "\(top)/\(group)")
    }

    private static let diskLimits = ["blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"]

    /// Version 1 holds each group to a disk limit by itself, not with those below: so all of them get the same.
    private func setDiskLimit(_ lines: [String], of directory: String) throws(KernelError) {
        for line in lines { for file in Self.diskLimits { try kernel.write(line, to: "\(directory)/\(file)") } }
        for name in try kernel.subdirectories(of: directory) { try setDiskLimit(lines, of: "\(directory)/\(name)") }
    }

    private func inheritDiskLimit(_ directory: String) throws(KernelError) {
        guard let slash = directory.lastIndex(of: "/") else { return }
        for file in Self.diskLimits where kernel.exists("\(directory)/\(file)") {
            // what cannot be read holds nobody up: the self-test has said that disks are not limited
            let lines = (try? kernel.read("\(directory[..<slash])/\(file)"))?.split(separator: "\n") ?? []
            for line in lines { try kernel.write(String(line), to: "\(directory)/\(file)") }
        }
    }

    func diskTraffic(of group: String) -> Bytes? {
        let activity = activity(of: group)
        guard let read = activity.diskRead else { return nil }
        return read + (activity.diskWritten ?? .zero)
    }

    /// Version 1 measures pressure for the whole machine only.
    func pressureOfAllGuests(_ resource: String) -> Microseconds? { nil }
    func pressureBesideGuests(_ resource: String) -> [String: Microseconds] { [:] }

    /// Where the shared group is in the hierarchy of ``diskController``, if there is one.
    private var disks: String? { places.count > Self.controllers.count ? places.last : nil }

    /// The lists of threads: for a thread that moves itself the kernel need not wait until no process of the machine forks, which
    /// takes some 15 ms.
    func entrances(to group: String) -> [String] { members(of: group, in: "tasks") }

    func add(_ process: pid_t, to group: String) throws(KernelError) {
        for file in members(of: group, in: "cgroup.procs") { try kernel.write("\(process)", to: file) }
    }

    private func members(of group: String, in file: String) -> [String] {
        tops.map { $0 + (group.isEmpty ? "" : "/" + group) + "/" + file }
    }

    func processes(in group: String) throws(KernelError) -> [pid_t] {
        var all: Set<pid_t> = []
        for top in tops { all.formUnion(try files.processes(in: group.isEmpty ? top : "\(top)/\(group)")) }
        return all.sorted()
    }

    func subgroups(of group: String) throws(KernelError) -> [String] {
        var all: Set<String> = []
        for top in tops { all.formUnion(try kernel.subdirectories(of: group.isEmpty ? top : "\(top)/\(group)")) }
        return all.sorted()
    }

    func usage(of group: String) throws(KernelError) -> GroupUsage {
        GroupUsage(cpu: try processing(in: path("cpuacct", group)), memory: try held(in: path("memory", group)))
    }

    func throttling(of group: String) throws(KernelError) -> Microseconds {
        let nanoseconds = Machine.value(of: "throttled_time", in: try kernel.read(path("cpu", group) + "/cpu.stat"))
        return Microseconds((nanoseconds ?? 0) / 1000)
    }

    func activity(of group: String) -> GroupActivity {
        // what cannot be read is not measured
        guard let top = disks, let text = try? kernel.read("\(top)/\(group)/blkio.throttle.io_service_bytes_recursive")
        else { return GroupActivity() }
        return GroupActivity(blkio: text)
    }

    func add(shim process: pid_t, to group: String) {}
    func settle(_ process: pid_t, used: CoreMicroseconds, in group: String) {}
    func usageOfAllGuests() throws(KernelError) -> GroupUsage { try usage(of: "") }

    func usage(ofOwner owner: String) throws(KernelError) -> GroupUsage? {
        guard let cpu = mounts["cpuacct"].map({ $0.mount + owner }), let memory = mounts["memory"].map({ $0.mount + owner }),
            kernel.exists(cpu), kernel.exists(memory)
        else { return nil }
        return GroupUsage(cpu: try processing(in: cpu), memory: try held(in: memory))
    }

    func usageOfMachine() -> CoreMicroseconds? {
        guard let hierarchy = mounts["cpuacct"], hierarchy.isWhole else { return nil }
        return try? processing(in: hierarchy.mount)
    }

    private func processing(in directory: String) throws(KernelError) -> CoreMicroseconds {
        CoreMicroseconds(try files.number(in: directory + "/cpuacct.usage") / 1000)
    }

    private func held(in directory: String) throws(KernelError) -> Bytes {
        let usage = try files.number(in: directory + "/memory.usage_in_bytes")
        let pages = try filePages.ofGroup(directory, holding: usage) { () throws(KernelError) in
            Machine.value(of: "total_inactive_file", in: try kernel.read(directory + "/memory.stat")) ?? 0
        }
        return Bytes(usage - pages)
    }

    func setFrozen(_ isFrozen: Bool, _ group: String) throws(KernelError) {
        try kernel.write(isFrozen ? "FROZEN" : "THAWED", to: path("freezer", group) + "/freezer.state")
        guard !isFrozen else { return }
        // groups below may have been frozen by themselves
        for name in try kernel.subdirectories(of: path("freezer", group)) { try setFrozen(false, "\(group)/\(name)") }
    }

    /// What is killed ends only when it goes on. Where the group above is frozen, those beside this one are frozen instead.
    private func leaveFrozen(_ group: String) throws(KernelError) {
        let flag = path("freezer", group) + "/freezer.parent_freezing"
        guard let slash = group.lastIndex(of: "/"), kernel.exists(flag), try files.number(in: flag) == 1 else { return }
        let above = String(group[..<slash])
        for name in try kernel.subdirectories(of: path("freezer", above)) where "\(above)/\(name)" != group {
            try setFrozen(true, "\(above)/\(name)")
        }
        try kernel.write("THAWED", to: path("freezer", above) + "/freezer.state")
    }

    func kill(_ group: String) throws(KernelError) -> Bool {
        try leaveFrozen(group)
        let isEmpty = try files.killFrozen(path("freezer", group)) { (frozen) throws(KernelError) in
            try setFrozen(frozen, group)
        }
        guard isEmpty else { return false }
        // a process that was just entering may be in some hierarchies only
        let rest = try processes(in: group)
        for process in rest { try kernel.signal(SIGKILL, to: process) }
        return rest.isEmpty
    }

    func remove(_ group: String) throws(KernelError) {
        for top in tops { try files.remove(group.isEmpty ? top : "\(top)/\(group)") }
        filePages.forget(path("memory", group))
    }

    func removeShared() {
        for top in tops { try? kernel.removeDirectory(top) }
    }
}
