import Glibc
import Resources
import Synchronization

/// Guests as mere processes, for a warden without privileges: what they use is measured, all of them can be stopped, continued and
/// ended, but the kernel holds them to no limit together. They run with the lowest priority that any process can give itself.
///
/// A group consists of the descendants of the shims added to it, without these themselves.
package final class PlainProcesses: GuestGroups {
    private struct Root {
        /// 0 for those that have ended.
        var process: pid_t
        /// Tells it from a later process of the same number.
        var began: Int64
        /// The most that its descendants were seen to have used.
        var used: CoreMicroseconds = .zero
    }

    private static let mostLooks = 16

    private let kernel: any KernelCalls
    /// Where the machine has control groups that can be read, the owner's may be measured.
    private let readable: (any GuestGroups)?
    private let groups = Mutex<[String: [Root]]>([:])

    package init(kernel: any KernelCalls = LinuxKernel()) {
        self.kernel = kernel
        readable = try? ControlGroups.detect(kernel: kernel)
    }

    package var kind: String { "processes" }
    package var holdsLimits: Bool { false }
    package var places: [String] { [] }

    package func make(_ group: String) { groups.withLock { $0[group] = $0[group] ?? [] } }
    package func yieldToOwner() {}
    package func setWeight(_ weight: Millicores, of group: String) {}
    package func setCeiling(_ ceiling: Millicores, of group: String) {}
    package func setMemoryLimit(_ limit: Bytes, of group: String) {}
    package func setProcessLimit(_ limit: Int, of group: String) {}
    package func setMemoryBrake(_ brake: Bytes?, of group: String) {}
    package func setDiskLimit(_ limit: Bytes?, of group: String) {}
    package func diskTraffic(of group: String) -> Bytes? { nil }
    package func pressureOfAllGuests(_ resource: String) -> Microseconds? { nil }
    package func pressureBesideGuests(_ resource: String) -> [String: Microseconds] { [:] }
    package func entrances(to group: String) -> [String] { [] }

    package func add(_ process: pid_t, to group: String) { add(shim: process, to: group) }

    package func add(shim process: pid_t, to group: String) {
        guard let status = ProcessStatus(process, kernel: kernel) else { return }
        groups.withLock { $0[group, default: []].append(Root(process: process, began: status.began)) }
    }

    package func processes(in group: String) -> [pid_t] {
        roots(of: group).flatMap { isAlive($0) ? descendants(of: $0.process) : [] }
    }

    package func subgroups(of group: String) -> [String] {
        let head = group.isEmpty ? "" : group + "/"
        let below = groups.withLock { $0.keys.filter { $0 != group && $0.hasPrefix(head) } }
        return Set(below.compactMap { $0.dropFirst(head.count).split(separator: "/").first.map(String.init) }).sorted()
    }

    package func usage(of group: String) -> GroupUsage {
        var total = GroupUsage()
        for name in names(in: group) {
            var roots = groups.withLock { $0[name] ?? [] }
            for index in roots.indices {
                if let now = measure(roots[index]) {
                    roots[index].used = max(roots[index].used, now.cpu)
                    total.memory += now.memory
                }
                total.cpu += roots[index].used
            }
            groups.withLock { if $0[name]?.count == roots.count { $0[name] = roots } }
        }
        return total
    }

    package func activity(of group: String) -> GroupActivity { GroupActivity() }

    package func settle(_ process: pid_t, used: CoreMicroseconds, in group: String) {
        groups.withLock { groups in
            var roots = groups[group] ?? []
            let seen = roots.last { $0.process == process }?.used ?? .zero
            roots.removeAll { $0.process == process }
            groups[group] = roots + [Root(process: 0, began: -1, used: max(seen, used))]
        }
    }

    package func throttling(of group: String) -> Microseconds { .zero }
    package func usageOfAllGuests() -> GroupUsage { usage(of: "") }

    package func usage(ofOwner path: String) throws(KernelError) -> GroupUsage? { try readable?.usage(ofOwner: path) }
    package func usageOfMachine() -> CoreMicroseconds? { nil }

    package func setFrozen(_ isFrozen: Bool, _ group: String) throws(KernelError) {
        var known: Set<pid_t> = []
        // what is started while others are being stopped is found by another look
        for _ in 0..<Self.mostLooks {
            let found = processes(in: group).filter { known.insert($0).inserted }
            if found.isEmpty { return }
            for process in found { try kernel.signal(isFrozen ? SIGSTOP : SIGCONT, to: process) }
        }
    }

    /// The sandbox's first process takes all others with it, so nothing is outrun.
    package func kill(_ group: String) throws(KernelError) -> Bool {
        let found = processes(in: group)
        for process in found { try kernel.signal(SIGKILL, to: process) }
        return found.isEmpty
    }

    /// What the group used stays with the group above.
    package func remove(_ group: String) {
        let names = names(in: group)
        let above = group.lastIndex(of: "/").map { String(group[..<$0]) }
        groups.withLock { groups in
            var past = Root(process: 0, began: -1)
            for name in names {
                for root in groups.removeValue(forKey: name) ?? [] { past.used += root.used }
            }
            guard let above, var roots = groups[above] else { return }
            past.used = roots.filter { $0.process == 0 }.reduce(past.used) { $0 + $1.used }
            roots.removeAll { $0.process == 0 }
            groups[above] = roots + [past]
        }
    }

    package func removeShared() {}

    private func names(in group: String) -> [String] {
        groups.withLock { $0.keys.filter { group.isEmpty || $0 == group || $0.hasPrefix(group + "/") } }
    }

    private func roots(of group: String) -> [Root] {
        let names = names(in: group)
        return groups.withLock { groups in names.flatMap { groups[$0] ?? [] } }
    }

    private func isAlive(_ root: Root) -> Bool {
        root.process > 0 && ProcessStatus(root.process, kernel: kernel)?.began == root.began
    }

    private func descendants(of process: pid_t) -> [pid_t] {
        ProcessStatus.children(of: process, kernel: kernel).flatMap { [$0] + descendants(of: $0) }
    }

    /// What a process has waited for is in its account, so the sum over those alive misses nothing.
    private func measure(_ root: Root) -> GroupUsage? {
        guard root.process > 0, let top = ProcessStatus(root.process, kernel: kernel), top.began == root.began else { return nil }
        var usage = GroupUsage(cpu: top.children)
        for process in descendants(of: root.process) {
            guard let status = ProcessStatus(process, kernel: kernel) else { continue }
            usage.cpu += status.own + status.children
            usage.memory += status.memory
        }
        return usage
    }
}
