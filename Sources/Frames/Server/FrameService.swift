package import Resources

/// Answers requests. Several at a time, on threads of a bounded pool, so that it may block.
package protocol FrameService: Sendable {
    /// The codes of requests that it answers.
    var codes: ClosedRange<UInt16> { get }

    /// - Throws: ``FrameRefusal``, which the other side gets as ``FrameError/refused(_:)``.
    func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage

    /// Answers a request now or later, from any thread, exactly once. A service whose answers wait for what comes with other requests
    /// has this instead of ``answer(_:from:)``, which holds a thread for as long as it takes.
    func begin(
        _ request: FrameMessage, from caller: FrameCaller, done: @escaping @Sendable (Result<FrameMessage, FrameRefusal>) -> Void)

    /// A connection is gone. Requests that came over it may still be worked on. Must not block.
    func closed(_ caller: FrameCaller)
}

extension FrameService {
    package func begin(
        _ request: FrameMessage, from caller: FrameCaller, done: @escaping @Sendable (Result<FrameMessage, FrameRefusal>) -> Void
    ) {
        do throws(FrameRefusal) { done(.success(try answer(request, from: caller))) } catch { done(.failure(error)) }
    }

    package func closed(_ caller: FrameCaller) {}
}

/// A connection that a request came over, and the node on its other end.
package final class FrameCaller: Sendable {
    package let node: NodeID
    /// Of the connection, unique on this server.
    package let number: UInt64
    let outbox: FrameInbox<ServerSide.Order>

    init(_ node: NodeID, number: UInt64, _ outbox: FrameInbox<ServerSide.Order>) {
        self.node = node
        self.number = number
        self.outbox = outbox
    }

    /// Sends a notice, after those before it. A caller for which too many wait already is cut off.
    ///
    /// - Returns: `false` when the connection is gone. That it is `true` does not mean that the notice will arrive.
    @discardableResult
    package func notify(_ message: FrameMessage) -> Bool { outbox.add(.notify(message)) }

    /// Cuts the connection.
    package func cut(because reason: String) { _ = outbox.add(.cut(reason)) }
}

extension FrameCaller {
    /// Ends the connection when what it has asked for is answered.
    func end() { _ = outbox.add(.end("this server is being shut down")) }
}
