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
}
