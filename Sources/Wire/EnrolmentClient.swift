internal import GRPCCore
package import NIOPosix

/// Asks an issuing node of a pool to take this node in, before this node has a certificate.
package struct EnrolmentClient: Sendable {
    private let dialer: Dialer

    package init(eventLoopGroup: MultiThreadedEventLoopGroup = .singleton) {
        dialer = Dialer(eventLoopGroup: eventLoopGroup)
    }

    /// - Parameter verify: accepts the server's chain (DER: leaf, issuing, root) or says why not; here the fingerprint in the
    ///   token is compared with the root.
    /// - Throws: ``WireError`` when there is no connection, `RPCError` with the issuer's reason when it refuses.
    package func enrol(
        _ request: Surplus_V1_EnrolRequest, at endpoint: Endpoint, verify: @escaping @Sendable ([[UInt8]]) throws -> Void
    ) async throws -> Surplus_V1_EnrolReply {
        let transport = DialedTransport { [dialer] in
            try await dialer.dial(endpoint, tls: try TLSContexts.makeClient(nil), verify: verify)
        }
        do { try await transport.prepare() } catch { throw (error as? RPCError)?.cause as? WireError ?? error }
        return try await withGRPCClient(transport: transport) { client in
            var options = CallOptions.defaults
            options.timeout = .seconds(20)
            return try await Surplus_V1_Enrolment.Client(wrapping: client).enrol(request, options: options)
        }
    }
}
