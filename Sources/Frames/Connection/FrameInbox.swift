internal import NIOCore
internal import Synchronization

/// Hands things from any thread to one event loop, many at once where they come quickly.
final class FrameInbox<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        /// Whether the event loop is about to take them.
        var isAwaited = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let eventLoop: any EventLoop
    private let take: NIOLoopBound<([Item]) -> Void>

    /// To be made on the event loop, on which `take` is called.
    init(_ eventLoop: any EventLoop, take: @escaping ([Item]) -> Void) {
        self.eventLoop = eventLoop
        self.take = NIOLoopBound(take, eventLoop: eventLoop)
    }

    /// - Returns: whether it is handed over; not when this was closed.
    func add(_ item: Item) -> Bool {
        let (isOpen, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.items.append(item)
            defer { state.isAwaited = true }
            return (true, !state.isAwaited)
        }
        if isFirst { eventLoop.execute { self.drain() } }
        return isOpen
    }

    private func drain() {
        let items = state.withLock { state in
            state.isAwaited = false
            defer { state.items = [] }
            return state.items
        }
        if !items.isEmpty { take.value(items) }
    }

    /// Takes nothing any more.
    ///
    /// - Returns: what was not handed over.
    func close() -> [Item] {
        state.withLock { state in
            state.isClosed = true
            defer { state.items = [] }
            return state.items
        }
    }
}
