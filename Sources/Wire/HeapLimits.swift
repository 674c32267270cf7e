internal import CLinux

/// How much memory the C library may keep for itself.
package enum HeapLimits {
    private static let kept: Int32 = 256 << 10

    /// Gives the buffers of a transfer back to the system when it is over. To be called once, before threads are started.
    ///
    /// Left alone, glibc learns from freed buffers to take ever larger ones from its heap and keeps them, in one heap for
    /// each thread: after streams of a megabyte a message a process stood at 40 to 100 MB, with these limits at 8.
    package static func apply() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, kept)
        mallopt(M_TRIM_THRESHOLD, kept)
    }

    /// Gives back what is free within the heaps, too; to be called from time to time.
    ///
    /// By itself glibc gives back only what is free at the end of a heap. An agent that has read its ledger at its start, or
    /// forgotten the leases of a busy hour, has its free memory in between: one that had read a ledger of 2,000 jobs held
    /// 22 MB, and 10 once this was done.
    package static func giveBack() { malloc_trim(0) }
}
