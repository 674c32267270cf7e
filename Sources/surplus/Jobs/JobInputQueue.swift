import Dispatch
import FoundationEssentials
import Synchronization
import Wire

/// What waits to be sent to a job: signals, and standard input, which is kept until the other side has it safe, so that
/// nothing is lost or read twice when the connection breaks.
final class JobInputQueue: Sendable {
    /// Bytes that are read ahead of what the other side has.
    static let window = 4 << 20
    static let chunk = 64 << 10

    private struct State {
        /// Chunks that are not acknowledged yet; the first begins at `start`.
        var chunks: [[UInt8]] = []
        /// Position in the whole stream. `nil` until the other side said where it is.
        var start: Int64?
        /// How many chunks went out on this connection.
        var sent = 0
        var hasEnded = false
        var hasSentEnd = false
        var signals: [UInt32] = []
        var buffered: Int { chunks.reduce(0) { $0 + $1.count } }
    }

    private let state: Mutex<State>
    private let changed = Bell()
    private let room = DispatchSemaphore(value: 0)

    /// - Parameter start: where in the job's standard input this program's begins; `nil` when the other side will say.
    init(start: Int64?) { state = Mutex(State(start: start)) }

    // MARK: - What comes in here

    func add(signal: UInt32) {
        state.withLock { $0.signals.append(signal) }
        changed.ring()
    }

    /// Adds to standard input and blocks while there is no room for more. For a thread of its own.
    func add(_ bytes: [UInt8]) {
        state.withLock { $0.chunks.append(bytes) }
        changed.ring()
        while state.withLock({ $0.buffered }) >= Self.window { room.wait() }
    }

    func end() {
        state.withLock { $0.hasEnded = true }
        changed.ring()
    }

    // MARK: - What goes out

    /// A new connection: everything that is not acknowledged goes out again.
    func reconnect() {
        state.withLock { state in
            state.sent = 0
            state.hasSentEnd = false
        }
    }

    /// The other side has standard input up to `position`.
    func acknowledge(_ position: Int64) {
        state.withLock { state in
            guard var start = state.start else {
                state.start = position
                return
            }
            while let first = state.chunks.first, start + Int64(first.count) <= position {
                start += Int64(first.count)
                state.chunks.removeFirst()
                state.sent = max(0, state.sent - 1)
            }
            state.start = start
        }
        room.signal()
        changed.ring()
    }

    /// The next to send, signals first; `nil` when the task was cancelled.
    func next() async -> Surplus_V1_JobInput? {
        while !Task.isCancelled {
            if let input = state.withLock({ Self.takeNext(&$0) }) { return input }
            await changed.wait()
        }
        return nil
    }

    private static func takeNext(_ state: inout State) -> Surplus_V1_JobInput? {
        guard state.signals.isEmpty else { return .with { $0.signal = state.signals.removeFirst() } }
        guard let start = state.start else { return nil }
        let position = state.chunks.prefix(state.sent).reduce(start) { $0 + Int64($1.count) }
        if state.sent < state.chunks.count {
            defer { state.sent += 1 }
            return .with {
                $0.stdin = .init(state.chunks[state.sent])
                $0.stdinOffset = position
            }
        }
        guard state.hasEnded, !state.hasSentEnd else { return nil }
        state.hasSentEnd = true
        return .with {
            $0.stdinEnd = true
            $0.stdinOffset = position
        }
    }
}
