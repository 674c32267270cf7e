import CLinux
import Glibc
import Kernel

/// Signals to this process, read from a descriptor instead of interrupting it.
package struct SignalInbox {
    /// Readable when a signal has arrived.
    package let descriptor: Int32

    /// - Precondition: The process has a single thread; others would go on receiving the signals.
    package init(_ numbers: [Int32]) throws(KernelError) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        guard sigprocmask(SIG_BLOCK, &set, nil) == 0 else { throw KernelError("block signals", errno) }
        descriptor = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard descriptor >= 0 else { throw KernelError("receive signals", errno) }
    }

    /// The signals that have arrived; several of one kind may appear as one.
    package func take() -> [Int32] {
        let size = MemoryLayout<signalfd_siginfo>.size
        guard let bytes = try? Descriptor.read(descriptor, atMost: 16 * size, of: "signals") else { return [] }
        return stride(from: 0, to: bytes.count - size + 1, by: size).map { offset in
            // the number is the record's first field
            bytes.withUnsafeBytes { Int32(truncatingIfNeeded: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
        }
    }
}
