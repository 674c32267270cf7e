import Glibc

/// How soon the kernel ends this process when memory runs out: from -1000, never, to 1000, first. Whatever the process starts has
/// the same.
package enum ShortageRank {
    private static let file = "/proc/self/oom_score_adj"

    /// Makes it later to be ended, if it would be sooner now.
    ///
    /// - Throws: ``KernelError`` with `EACCES` for most who are not privileged.
    package static func lower(to rank: Int, _ kernel: any KernelCalls = LinuxKernel()) throws(KernelError) {
        if try current(kernel) > rank { try kernel.write("\(rank)", to: file) }
    }

    /// Makes it sooner to be ended, if it would be later now, which everybody may.
    package static func raise(to rank: Int, _ kernel: any KernelCalls = LinuxKernel()) throws(KernelError) {
        if try current(kernel) < rank { try kernel.write("\(rank)", to: file) }
    }

    private static func current(_ kernel: any KernelCalls) throws(KernelError) -> Int {
        let text = try kernel.read(file)
        guard let rank = Int(text.prefix { $0 != "\n" }) else { throw KernelError("understand \(file)", EINVAL) }
        return rank
    }
}
