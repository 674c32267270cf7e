import Glibc
import Resources

/// One process as `/proc` shows it.
package struct ProcessStatus: Hashable, Sendable {
    /// Clock ticks since boot at which it began; tells it from a later process of the same number.
    var began: Int64
    /// What it used itself.
    var own: CoreMicroseconds
    /// What those of its children used that it has waited for, and theirs.
    var children: CoreMicroseconds
    /// Memory that is its alone.
    var memory: Bytes

    /// `nil` when there is no such process (any more).
    init?(_ process: pid_t, kernel: any KernelCalls) {
        // proc_pid_stat(5): the second field is the program's name in parentheses, which may contain anything
        guard let text = try? kernel.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")"),
            let pages = try? kernel.read("/proc/\(process)/statm").split(separator: " ").map({ Int64($0) ?? 0 }), pages.count > 2
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ").map { Int64($0) ?? 0 }
        guard fields.count > 19 else { return nil }
        let tick = 1_000_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        own = CoreMicroseconds((fields[11] + fields[12]) * tick)
        children = CoreMicroseconds((fields[13] + fields[14]) * tick)
        began = fields[19]
        memory = Bytes(max(0, pages[1] - pages[2]) * Int64(sysconf(Int32(_SC_PAGESIZE))))
    }

    /// The children of a process, of all its threads.
    package static func children(of process: pid_t, kernel: any KernelCalls = LinuxKernel()) -> [pid_t] {
        // a process or a thread that has gone meanwhile has left its children to another
        let threads = (try? kernel.subdirectories(of: "/proc/\(process)/task")) ?? []
        return threads.flatMap { thread in
            let text = (try? kernel.read("/proc/\(process)/task/\(thread)/children")) ?? ""
            return text.split(separator: " ").compactMap { pid_t($0) }
        }
    }
}
