import Glibc
import Kernel

/// The processes that this one has started, and theirs.
enum ProcessTree {
    /// Those that its first thread has started; `nil` when the kernel does not list them.
    static func children(of process: pid_t) -> [pid_t]? {
        guard let text = try? LinuxKernel().read("/proc/\(process)/task/\(process)/children") else { return nil }
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// All below this process, as far as they can be seen while they come and go.
    static func descendants(of process: pid_t = getpid()) -> [pid_t] {
        var found: [pid_t] = []
        var waiting = children(of: process) ?? []
        while let next = waiting.popLast(), found.count < 10_000 {
            found.append(next)
            waiting += ProcessStatus.children(of: next)
        }
        return found
    }
}
