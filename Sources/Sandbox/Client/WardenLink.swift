import Glibc
import Kernel
import Resources
import Synchronization

/// The warden cannot be asked: it is not there, does not answer, or is of another time.
package struct WardenUnreachable: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    /// It may be there, but this user may not ask it.
    package var isDenied: Bool

    package init(_ description: String, isDenied: Bool = false) {
        self.description = description
        self.isDenied = isDenied
    }
}

/// One connection to a warden: matches replies to calls.
final class WardenLink: Sendable {
    private struct State {
        var next: UInt64 = 1
        var pending: [UInt64: CheckedContinuation<WardenReply, any Error>] = [:]
        var channel: FrameChannel?
        var isLost = false
        var form = WardenProtocol.firstForm
    }

    private let path: String
    private let state = Mutex(State())

    init(connectingTo path: String, notices: AsyncStream<WardenNotice>.Continuation) throws {
        self.path = path
        let descriptor: Int32
        do {
            descriptor = try UnixSocket.connect(to: path)
        } catch let error where error.number == EACCES {
            throw WardenUnreachable("permission denied: the warden's socket \(path) is not for this user", isDenied: true)
        } catch {
            throw WardenUnreachable("no warden answers: \(error); start surplus-warden, or check the configured warden socket")
        }
        let channel = FrameChannel(
            descriptor: descriptor, limit: WardenProtocol.largestFrame,
            onFrame: { [weak self] frame in self?.take(frame, notices) ?? false },
            onClose: { [weak self] in self?.lose() })
        state.withLock { $0.channel = channel }
        try FrameLoop.shared.add(channel)
    }

    deinit { close() }

    /// From now on frames are of a protocol version that both sides know.
    func speak(version: Int) { state.withLock { $0.form = WardenProtocol.form(in: version) } }

    var isLost: Bool { state.withLock { $0.isLost } }

    func close() { state.withLock { $0.channel }?.close() }

    /// Sends a request and waits for its reply, at most for `patience`.
    func call(_ request: WardenRequest, patience: Microseconds) async throws -> WardenReply {
        try await withThrowingTaskGroup(of: WardenReply.self) { group in
            group.addTask { try await self.exchange(request) }
            group.addTask { [path] in
                try await Task.sleep(for: .microseconds(patience.rawValue))
                throw WardenUnreachable("the warden at \(path) did not answer within \(patience.text)")
            }
            defer { group.cancelAll() }
            guard let reply = try await group.next() else { throw CancellationError() }
            return reply
        }
    }

    private func exchange(_ request: WardenRequest) async throws -> WardenReply {
        let number = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (channel, form) = state.withLock { state -> (FrameChannel?, UInt16) in
                    guard !state.isLost, !Task.isCancelled else { return (nil, state.form) }
                    state.pending[number] = continuation
                    return (state.channel, state.form)
                }
                guard let channel else { return continuation.resume(throwing: Task.isCancelled ? CancellationError() : lost) }
                channel.post(WardenCall(number: number, request: request).bytes(form: form))
            }
        } onCancel: {
            state.withLock { $0.pending.removeValue(forKey: number) }?.resume(throwing: CancellationError())
        }
    }

    private var lost: WardenUnreachable { WardenUnreachable("the connection to the warden at \(path) was lost") }

    /// On the loop's thread.
    private func take(_ frame: [UInt8], _ notices: AsyncStream<WardenNotice>.Continuation) -> Bool {
        switch try? WardenMessage(bytes: frame) {
        case .reply(let number, let reply):
            state.withLock { $0.pending.removeValue(forKey: number) }?.resume(returning: reply)
            return true
        case .notice(let notice):
            notices.yield(notice)
            return true
        case nil:
            return false
        }
    }

    private func lose() {
        let pending = state.withLock { state in
            state.isLost = true
            defer { state.pending = [:] }
            return state.pending
        }
        for continuation in pending.values { continuation.resume(throwing: lost) }
    }
}
