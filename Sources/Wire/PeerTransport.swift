package import GRPCCore
package import GRPCNIOTransportHTTP2Posix

/// Carries the calls to one peer, those that move much data over a connection of their own: there they delay no trade, and
/// what they made the connection buffer is given back when it closes, soon after the last of them.
package struct PeerTransport: ClientTransport {
    package typealias Bytes = GRPCNIOTransportBytes

    private static let bulk: Set<MethodDescriptor> = [
        Surplus_V1_Peer.Method.StageInputs.descriptor, Surplus_V1_Peer.Method.AttachJob.descriptor,
        Surplus_V1_Peer.Method.CollectOutputs.descriptor,
    ]

    private let trade: DialedTransport
    private let bulk: DialedTransport

    /// - Parameter dial: connects; the connection is to close when it had no calls for the time given.
    init(dial: @escaping @Sendable (Duration) async throws -> ClientConnection) {
        trade = DialedTransport { try await dial(WireLimits.idleTime) }
        bulk = DialedTransport { try await dial(WireLimits.bulkIdleTime) }
    }

    package var retryThrottle: RetryThrottle? { nil }
    package func config(forMethod descriptor: MethodDescriptor) -> MethodConfig? { nil }

    package func connect() async throws {
        async let trading: Void = trade.connect()
        async let moving: Void = bulk.connect()
        _ = try await (trading, moving)
    }

    package func beginGracefulShutdown() {
        trade.beginGracefulShutdown()
        bulk.beginGracefulShutdown()
    }

    package func withStream<T: Sendable>(
        descriptor: MethodDescriptor, options: CallOptions,
        _ closure: (RPCStream<Inbound, Outbound>, ClientContext) async throws -> T
    ) async throws -> T {
        let transport = Self.bulk.contains(descriptor) ? bulk : trade
        return try await transport.withStream(descriptor: descriptor, options: options, closure)
    }
}
