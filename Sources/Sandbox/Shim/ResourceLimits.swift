import Glibc
import Resources

/// What the kernel counts for each process of a guest, and the most there may be of it.
enum ResourceLimits {
    struct Entry {
        var defence: Defence
        var resource: __rlimit_resource
        var most: rlim_t
    }

    /// Open files in each process.
    static let openFiles: rlim_t = 4096
    /// Bytes that cannot be taken away from it, though its memory can.
    static let lockedMemory: rlim_t = 64 << 10
    /// Bytes of messages between its processes; they lie in the kernel.
    static let messages: rlim_t = 64 << 10
    static let pendingSignals: rlim_t = 4096

    static func all(for spec: ShimSpec) -> [Entry] {
        [
            Entry(defence: .coreSize, resource: RLIMIT_CORE, most: 0),
            Entry(defence: .processes, resource: __RLIMIT_NPROC, most: rlim_t(spec.guest.processLimit)),
            Entry(defence: .openFiles, resource: RLIMIT_NOFILE, most: openFiles),
            Entry(defence: .lockedMemory, resource: __RLIMIT_MEMLOCK, most: lockedMemory),
            Entry(defence: .messageQueues, resource: __RLIMIT_MSGQUEUE, most: messages),
            Entry(defence: .pendingSignals, resource: __RLIMIT_SIGPENDING, most: pendingSignals),
            // neither a higher priority than it begins with, nor one before all others
            Entry(defence: .lowPriority, resource: __RLIMIT_NICE, most: 0),
            Entry(defence: .lowPriority, resource: __RLIMIT_RTPRIO, most: 0),
            // no file can be larger than all of them may be together
            Entry(defence: .fileSize, resource: RLIMIT_FSIZE, most: rlim_t(spec.disk.rawValue)),
        ]
    }
}
