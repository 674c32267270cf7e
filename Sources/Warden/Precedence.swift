import CLinux
import Glibc
import Kernel

/// Keeps the warden going on a machine that has run out of processors or memory, which is when it is needed: it is scheduled
/// before ordinary programs, is among the last to be ended for memory, and its own memory is not taken from it.
///
/// None of this is inherited by what it starts: niceness is reset and locked memory is let go of by the kernel, and shims give
/// the rest back themselves.
enum Precedence {
    static let niceness: Int32 = -5
    static let memoryScore = -900

    /// - Returns: what this machine does not allow; the warden does its work without it.
    static func take(_ kernel: any KernelCalls = LinuxKernel()) -> [KernelError] {
        var missing: [KernelError] = []
        if surplus_set_own_niceness(niceness) != 0 { missing.append(KernelError("run before other programs", errno)) }
        do throws(KernelError) { try ShortageRank.lower(to: memoryScore, kernel) } catch { missing.append(error) }
        if surplus_keep_in_memory() != 0 { missing.append(KernelError("keep its memory", errno)) }
        return missing
    }
}
