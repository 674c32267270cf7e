import Glibc

/// A system call that failed: what was tried, on what, and the kernel's answer.
package struct KernelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, as a verb with its object: `"write 20000 to /sys/fs/cgroup/cpu/x/cpu.cfs_quota_us"`.
    package var action: String
    /// The error number (`ENOENT`, `EPERM`, ...).
    package var number: Int32

    package init(_ action: String, _ number: Int32) {
        self.action = action
        self.number = number
    }

    package var description: String { "failed to \(action): \(Self.text(of: number)) (errno \(number))" }

    /// The kernel's sentence for an error number.
    package static func text(of number: Int32) -> String { String(cString: strerror(number)) }
}
