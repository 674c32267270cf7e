internal import NIOCore
internal import NIOSSL
internal import Resources
internal import Synchronization

/// Mutual TLS 1.3 by our own rules of who is who. Keeps the last settings, since making them is slow and they only change with the
/// certificate.
final class FrameTLS: Sendable {
    private struct Kept {
        var credentials: FrameCredentials
        var context: NIOSSLContext
    }

    private let identity: any FrameIdentity
    private let kept = Mutex<(server: Kept?, client: Kept?)>((nil, nil))

    init(_ identity: any FrameIdentity) { self.identity = identity }

    /// For a server's end of a connection. A refused certificate does not end the handshake: the other side learns the reason
    /// when it has said hello.
    func serverHandler(_ proof: Proof) throws -> NIOSSLServerHandler {
        let identity = identity
        return NIOSSLServerHandler(
            context: try serverContext(), configuration: Self.handlerConfiguration,
            customVerificationCallbackWithMetadata: { certificates, promise in
                proof.note(certificates, identity)
                promise.succeed(.certificateVerified(VerificationMetadata(nil)))
            })
    }

    /// For a client's end, which says nothing to a server that is not the right one.
    func clientHandler(_ proof: Proof, expecting node: NodeID) throws -> NIOSSLClientHandler {
        let identity = identity
        return try NIOSSLClientHandler(
            context: try clientContext(), serverHostname: nil, configuration: Self.handlerConfiguration,
            customVerificationCallbackWithMetadata: { certificates, promise in
                proof.note(certificates, identity)
                let isExpected = (try? proof.node.get()) == node
                promise.succeed(isExpected ? .certificateVerified(VerificationMetadata(nil)) : .failed)
            })
    }

    /// Who the other end of a connection has proven to be.
    final class Proof: Sendable {
        static let nothing = FrameFault("it showed no certificate; only nodes of the pool may connect")

        private let result = Mutex<Result<NodeID, FrameFault>>(.failure(nothing))

        var node: Result<NodeID, FrameFault> { result.withLock { $0 } }

        func note(_ certificates: [NIOSSLCertificate], _ identity: any FrameIdentity) {
            let found = Result { try identity.identify(try certificates.map { try $0.toDERBytes() }) }
            result.withLock { $0 = found.mapError { FrameFault("\($0)") } }
        }
    }

    // MARK: Settings

    /// Keeps a connection's buffer small once a burst is over.
    private static let handlerConfiguration = {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = 2 * FrameLink.portion
        return configuration
    }()

    private func serverContext() throws -> NIOSSLContext {
        let credentials = identity.credentials
        return try kept.withLock { kept in
            if let server = kept.server, server.credentials == credentials { return server.context }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try Self.chain(credentials), privateKey: .privateKey(try Self.key(credentials)))
            configuration.certificateVerification = .optionalVerification
            let context = try Self.context(&configuration)
            kept.server = Kept(credentials: credentials, context: context)
            return context
        }
    }

    private func clientContext() throws -> NIOSSLContext {
        let credentials = identity.credentials
        return try kept.withLock { kept in
            if let client = kept.client, client.credentials == credentials { return client.context }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateChain = try Self.chain(credentials)
            configuration.privateKey = .privateKey(try Self.key(credentials))
            // What the server shows is checked by our own rules, which know no host names.
            configuration.certificateVerification = .noHostnameVerification
            let context = try Self.context(&configuration)
            kept.client = Kept(credentials: credentials, context: context)
            return context
        }
    }

    private static func context(_ configuration: inout TLSConfiguration) throws -> NIOSSLContext {
        configuration.minimumTLSVersion = .tlsv13
        // For how long an end waits for the other to close, too.
        configuration.shutdownTimeout = .milliseconds(250)
        configuration.applicationProtocols = [FrameServer.applicationProtocol]
        // Our own rules decide; without roots nothing could pass the built-in ones by mistake.
        configuration.trustRoots = .certificates([])
        return try NIOSSLContext(configuration: configuration)
    }

    private static func chain(_ credentials: FrameCredentials) throws -> [NIOSSLCertificateSource] {
        try credentials.chain.map { .certificate(try NIOSSLCertificate(bytes: $0, format: .der)) }
    }

    private static func key(_ credentials: FrameCredentials) throws -> NIOSSLPrivateKey {
        try NIOSSLPrivateKey(bytes: credentials.privateKey, format: .der)
    }
}
