internal import NIOCore
internal import Synchronization

/// A request on its way, which ends once: with an answer, at its deadline, or when its caller does not want it any more.
final class FrameCall: Sendable {
    typealias Completion = @Sendable (Result<FrameMessage, FrameError>) -> Void

    /// Unique in its pool.
    let number: UInt64
    let message: FrameMessage
    /// What it and its answer take on the connection, in bytes.
    let weight: Int
    let deadline: NIODeadline
    private let completion: Mutex<Completion?>

    /// - Parameter expected: how large the answer is likely to be, in bytes.
    init(
        number: UInt64, _ message: FrameMessage, expecting expected: Int, deadline: NIODeadline,
        _ completion: @escaping Completion
    ) {
        self.number = number
        self.message = message
        weight = message.size + expected
        self.deadline = deadline
        self.completion = Mutex(completion)
    }

    var isDone: Bool { completion.withLock { $0 == nil } }

    /// Without effect when the call has ended already.
    func end(_ result: Result<FrameMessage, FrameError>) {
        let completion = completion.withLock { completion in
            defer { completion = nil }
            return completion
        }
        completion?(result)
    }
}
