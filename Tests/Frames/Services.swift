import Dispatch
import FrameKit
import Frames
import NIOCore
import Resources
import Synchronization
import Testing

/// Answers with what was asked.
struct Echo: FrameService {
    var codes: ClosedRange<UInt16> { 1...1 }

    func answer(_ request: FrameMessage, from caller: FrameCaller) -> FrameMessage { request }
}

/// Answers as it is told.
struct Scripted: FrameService {
    var codes: ClosedRange<UInt16> { 10...19 }
    private let gone: Signal<NodeID>?
    private let script: @Sendable (FrameMessage, FrameCaller) throws(FrameRefusal) -> FrameMessage

    /// - Parameter gone: is told whose connection is gone.
    init(
        gone: Signal<NodeID>? = nil,
        _ script: @escaping @Sendable (FrameMessage, FrameCaller) throws(FrameRefusal) -> FrameMessage
    ) {
        self.gone = gone
        self.script = script
    }

    func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        try script(request, caller)
    }

    func closed(_ caller: FrameCaller) { gone?.send(caller.node) }
}

/// A door that is shut until somebody opens it.
final class Door: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    /// Blocks until it is open.
    func pass() {
        semaphore.wait()
        semaphore.signal()
    }

    func open() { semaphore.signal() }
}

/// Something that comes to be once, for which tasks wait.
final class Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func send(_ value: Value) { continuation.yield(value) }

    /// The next that was sent. For one task.
    func next() async -> Value? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }
}

extension FramePool {
    /// A call that must fail, and why.
    func failure(_ message: FrameMessage, within patience: Duration = .seconds(20)) async -> FrameError? {
        do throws(FrameError) {
            _ = try await call(message, within: patience)
            return nil
        } catch { return error }
    }
}

/// Fails a test for an error that is not the one it should be.
func unexpected(_ error: FrameError?) { Issue.record("unexpected: \(error.map { "\($0)" } ?? "no error")") }
