internal import NIOCore

/// What a listener takes on at most.
package struct ListenerLimits: Hashable, Sendable {
    /// Open connections; more are closed at once.
    package var connections: Int
    /// Open connections whose other end is not proven: those that came without a certificate, with one that is refused, or are
    /// still in their handshake.
    package var strangers: Int
    /// Calls at a time on one connection.
    package var streams: Int
    /// One message, in bytes.
    package var message: Int

    package init(connections: Int, strangers: Int = 64, streams: Int, message: Int) {
        self.connections = connections
        self.strangers = strangers
        self.streams = streams
        self.message = message
    }

    package static let peer = ListenerLimits(connections: 1024, streams: 128, message: WireLimits.message)
    package static let control = ListenerLimits(connections: 256, streams: 64, message: WireLimits.message)
}

/// Bounds that both ends of a connection hold to.
package enum WireLimits {
    /// The largest message, in bytes.
    package static let message = 4 << 20
    /// How much one call may send whose caller is not proven, in bytes.
    static let stranger = 32 << 10
    /// How much may be under way unread on one stream, in bytes.
    static let window = 1 << 20
    static let connectTimeout = TimeAmount.seconds(5)
    static let handshakeTimeout = TimeAmount.seconds(10)
    /// Clients close connections without calls after this time, servers a little later.
    static let idleTime = Duration.seconds(5 * 60)
    /// As ``idleTime``, for connections that moved much data.
    static let bulkIdleTime = Duration.seconds(15)
}
