import Kernel
import Resources

/// That the kernel has killed a program's processes because its lease had no memory left.
struct MemoryShortage: Hashable, Sendable, CustomStringConvertible {
    /// What the lease has; `nil` when that cannot be read.
    var limit: Bytes?

    /// - Parameter entrances: A file in each of the job's groups.
    /// - Returns: `nil` when the kernel has killed nothing in them, or does not say.
    init?(entrances: [String], kernel: any KernelCalls = LinuxKernel()) {
        for entrance in entrances {
            let job = Self.parent(of: entrance)
            // version 2 and version 1 of control groups
            for (events, most) in [("memory.events", "memory.max"), ("memory.oom_control", "memory.limit_in_bytes")] {
                // a group without this file is one of another controller
                guard let text = try? kernel.read("\(job)/\(events)"), (Machine.value(of: "oom_kill", in: text) ?? 0) > 0 else {
                    continue
                }
                // "max", or a file that is gone: then it is told without a number
                let number = (try? kernel.read("\(Self.parent(of: job))/\(most)"))?.prefix { $0 != "\n" }
                limit = number.flatMap { Int64($0) }.map { Bytes($0) }
                return
            }
        }
        return nil
    }

    var description: String {
        let used = limit.map { "the lease's \($0.rawValue >> 20) MiB were used up" } ?? "the lease's memory was used up"
        return "out of memory: \(used)"
    }

    private static func parent(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
}
