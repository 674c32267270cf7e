import Glibc
import Synchronization

/// One connection of frames, served by the ``FrameLoop``.
final class FrameChannel: Sendable {
    /// The connection is closed.
    struct Closed: Error {}

    private struct State {
        var stream: FrameStream
        var isClosed = false
        /// Senders that wait for the backlog to shrink.
        var waiting: [CheckedContinuation<Void, any Error>] = []
    }

    /// A sender waits while more than this is unsent.
    private static let backlogLimit = 512 << 10

    let descriptor: Int32
    private let state: Mutex<State>
    private let onFrame: @Sendable ([UInt8]) -> Bool
    private let onClose: @Sendable () -> Void

    /// Takes over `descriptor`, which is non-blocking.
    ///
    /// - Parameters:
    ///   - onFrame: Called with each frame on the loop's thread, so it must not block; answers whether to go on.
    ///   - onClose: Called once, after the last frame.
    init(
        descriptor: Int32, limit: Int, onFrame: @escaping @Sendable ([UInt8]) -> Bool, onClose: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        state = Mutex(State(stream: FrameStream(descriptor: descriptor, limit: limit)))
        self.onFrame = onFrame
        self.onClose = onClose
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// What the loop should wait for.
    var interest: Int16 { state.withLock { Int16(POLLIN) | ($0.stream.backlog > 0 ? Int16(POLLOUT) : 0) } }

    /// Sends one frame; returns once it is sent or little is left to send before it.
    ///
    /// - Throws: ``Closed``.
    func send(_ frame: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let mustWake = state.withLock { state -> Bool in
                guard !state.isClosed else {
                    continuation.resume(throwing: Closed())
                    return false
                }
                state.stream.enqueue(frame)
                _ = state.stream.flush()
                if state.stream.backlog > Self.backlogLimit {
                    state.waiting.append(continuation)
                } else {
                    continuation.resume()
                }
                return state.stream.backlog > 0
            }
            if mustWake { FrameLoop.shared.wakeUp() }
        }
    }

    /// Sends one frame without waiting, for callers that bound what they send themselves. A closed connection drops it: the
    /// caller learns of that by `onClose`.
    func post(_ frame: [UInt8]) {
        let mustWake = state.withLock { state -> Bool in
            guard !state.isClosed else { return false }
            state.stream.enqueue(frame)
            _ = state.stream.flush()
            return state.stream.backlog > 0
        }
        if mustWake { FrameLoop.shared.wakeUp() }
    }

    /// Ends the connection; the loop then lets go of it.
    func close() {
        // The descriptor stays open until the loop has let go of it, so it cannot be another one's meanwhile.
        state.withLock { if !$0.isClosed { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    /// Reads and writes what can be; on the loop's thread. False when the connection has ended.
    func serve(_ events: Int16) -> Bool {
        var frames: [[UInt8]] = []
        let isOpen = state.withLock { state -> Bool in
            if events & Int16(POLLOUT) != 0 {
                guard state.stream.flush() != .closed else { return false }
                if state.stream.backlog <= Self.backlogLimit { Self.resume(&state.waiting) }
            }
            guard events & ~Int16(POLLOUT) != 0 else { return true }
            guard state.stream.receive() != .closed else { return false }
            do {
                while let frame = try state.stream.next() { frames.append(frame) }
            } catch { return false }
            return true
        }
        for frame in frames where !onFrame(frame) { return false }
        return isOpen
    }

    /// Called by the loop once it no longer watches the descriptor.
    func finish() {
        let waiting = state.withLock { state in
            state.isClosed = true
            Glibc.close(descriptor)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(throwing: Closed()) }
        onClose()
    }

    private static func resume(_ waiting: inout [CheckedContinuation<Void, any Error>]) {
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}
