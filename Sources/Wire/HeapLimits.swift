internal import CLinux

/// How much memory the C library may keep for itself.
package enum HeapLimits {
    /// Larger than any buffer of a transfer, and the most that glibc takes.
    private static let kept: Int32 = 32 << 20

    /// Bounds what is kept for the next buffers, in few heaps. To be called once, before threads are started.
    ///
    /// Left alone, glibc keeps a heap for each thread and learns from freed buffers to take ever larger ones from it. With less to
    /// keep, each buffer of a block is mapped and unmapped anew, and its pages are made one by one: a fifth of the time that it takes
    /// to store one. What is kept once a transfer is over goes with ``giveBack()``.
    package static func apply() {
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, kept)
        mallopt(M_TRIM_THRESHOLD, kept)
    }

    /// How often.
    package static let interval = Duration.seconds(60)

    /// Gives back what is free, also within the heaps; to be called from time to time.
    ///
    /// By itself glibc gives back only what is free at the end of a heap. An agent that has read its ledger at its start, or
    /// forgotten the leases of a busy hour, has its free memory in between: one that had read a ledger of 2,000 jobs held
    /// 22 MB, and 10 once this was done.
    package static func giveBack() { malloc_trim(0) }
}
