import Glibc
import Kernel
import Synchronization

/// One thread that serves all connections of a process to wardens and shims. It starts with the first of them.
final class FrameLoop: Sendable {
    static let shared = FrameLoop()

    private struct State {
        var channels: [FrameChannel] = []
        /// The two ends of the pipe that wakes the thread, once it runs.
        var wake: (read: Int32, write: Int32)?
    }

    private let state = Mutex(State())

    private init() {}

    /// Serves `channel` from now on, until it is closed.
    func add(_ channel: FrameChannel) throws(KernelError) {
        var failure: KernelError?
        state.withLock { state in
            do throws(KernelError) {
                if state.wake == nil { state.wake = try start() }
                state.channels.append(channel)
            } catch { failure = error }
        }
        if let failure { throw failure }
        wakeUp()
    }

    /// Makes the thread look at what each connection wants to send.
    func wakeUp() {
        guard let descriptor = state.withLock({ $0.wake?.write }) else { return }
        // A full pipe will wake the thread as well as one more byte.
        _ = withUnsafeBytes(of: UInt8(0)) { write(descriptor, $0.baseAddress, 1) }
    }

    private func start() throws(KernelError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw KernelError("make a pipe", errno) }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        let reader = ends[0]
        try WorkThread.start { [self] in while true { turn(wakingOn: reader) } }
        return (ends[0], ends[1])
    }

    private func turn(wakingOn reader: Int32) {
        let channels = state.withLock { $0.channels }
        var polled = [pollfd(fd: reader, events: Int16(POLLIN), revents: 0)]
        polled += channels.map { pollfd(fd: $0.descriptor, events: $0.interest, revents: 0) }
        guard poll(&polled, nfds_t(polled.count), -1) > 0 else { return }
        if polled[0].revents != 0 { Self.drain(reader) }
        var closed: [FrameChannel] = []
        for (channel, result) in zip(channels, polled.dropFirst()) where result.revents != 0 {
            if !channel.serve(result.revents) { closed.append(channel) }
        }
        guard !closed.isEmpty else { return }
        state.withLock { state in state.channels.removeAll { channel in closed.contains { $0 === channel } } }
        for channel in closed { channel.finish() }
    }

    private static func drain(_ reader: Int32) {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            while read(reader, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }
}
