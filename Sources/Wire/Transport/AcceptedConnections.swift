internal import NIOCore
internal import Synchronization

/// One accepted connection and who is on its other end.
final class AcceptedConnection: Sendable {
    let number: UInt64
    let channel: any Channel
    private let current = Mutex(Caller.stranger)

    init(number: UInt64, channel: any Channel) {
        self.number = number
        self.channel = channel
    }

    var caller: Caller {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

/// The open connections of a listener, by the number that stands on their streams.
final class AcceptedConnections: Sendable {
    struct Full: Error {}

    private struct State {
        var next: UInt64 = 1
        var open: [UInt64: AcceptedConnection] = [:]
    }

    private let state = Mutex(State())
    private let limits: ListenerLimits

    init(limits: ListenerLimits) { self.limits = limits }

    subscript(number: UInt64) -> AcceptedConnection? { state.withLock { $0.open[number] } }

    var count: Int { state.withLock { $0.open.count } }

    /// Takes in a new connection until it closes. When there are too many whose other end is not proven, the oldest of them
    /// makes room: whoever floods the door hurts mostly its own kind, and no member that is inside.
    func accept(_ channel: any Channel) throws(Full) -> AcceptedConnection {
        let (connection, displaced) = state.withLock { state -> (AcceptedConnection?, AcceptedConnection?) in
            let strangers = state.open.values.filter { !$0.caller.isProven }
            let isCrowded = strangers.count >= limits.strangers || state.open.count >= limits.connections
            let displaced = isCrowded ? strangers.min { $0.number < $1.number } : nil
            if let displaced { state.open.removeValue(forKey: displaced.number) }
            guard state.open.count < limits.connections else { return (nil, nil) }
            let connection = AcceptedConnection(number: state.next, channel: channel)
            state.open[state.next] = connection
            state.next += 1
            return (connection, displaced)
        }
        displaced?.channel.close(promise: nil)
        guard let connection else { throw Full() }
        channel.closeFuture.whenComplete { [self, number = connection.number] _ in
            state.withLock { _ = $0.open.removeValue(forKey: number) }
        }
        return connection
    }

    /// Cuts the connections whose caller satisfies `condition`.
    func close(where condition: (Caller) -> Bool) {
        let open = state.withLock { Array($0.open.values) }
        for connection in open where condition(connection.caller) { connection.channel.close(promise: nil) }
    }
}
