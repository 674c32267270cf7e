internal import NIOSSL
internal import Synchronization

/// Makes TLS settings from credentials and keeps the last ones of each side, since making them is slow and they only change
/// with the certificate, once in half a day.
final class TLSContexts: Sendable {
    private struct Kept {
        var credentials: TransportCredentials
        var context: NIOSSLContext
    }

    private let kept = Mutex<(server: Kept?, client: Kept?)>((nil, nil))

    /// Keeps a connection's buffer small once a burst is over.
    static let handlerConfiguration = {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = 64 << 10
        return configuration
    }()

    /// - Parameter companion: another protocol that may be agreed on; always the same.
    func server(_ credentials: TransportCredentials, besides companion: String? = nil) throws -> NIOSSLContext {
        try kept.withLock { kept in
            if let server = kept.server, server.credentials == credentials { return server.context }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try Self.chain(credentials), privateKey: .privateKey(try Self.key(credentials)))
            configuration.certificateVerification = .optionalVerification
            Self.restrict(&configuration)
            if let companion { configuration.applicationProtocols.append(companion) }
            let context = try NIOSSLContext(configuration: configuration)
            kept.server = Kept(credentials: credentials, context: context)
            return context
        }
    }

    func client(_ credentials: TransportCredentials) throws -> NIOSSLContext {
        try kept.withLock { kept in
            if let client = kept.client, client.credentials == credentials { return client.context }
            let context = try Self.makeClient(credentials)
            kept.client = Kept(credentials: credentials, context: context)
            return context
        }
    }

    /// For a client with credentials, or without when it has none yet.
    static func makeClient(_ credentials: TransportCredentials?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let credentials {
            configuration.certificateChain = try chain(credentials)
            configuration.privateKey = .privateKey(try key(credentials))
        }
        // What the server shows is checked by our own rules, which know no host names.
        configuration.certificateVerification = .noHostnameVerification
        restrict(&configuration)
        return try NIOSSLContext(configuration: configuration)
    }

    private static func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.applicationProtocols = ["h2"]
        // Our own rules decide; without roots nothing could pass the built-in ones by mistake.
        configuration.trustRoots = .certificates([])
    }

    private static func chain(_ credentials: TransportCredentials) throws -> [NIOSSLCertificateSource] {
        try credentials.chain.map { .certificate(try NIOSSLCertificate(bytes: $0, format: .der)) }
    }

    private static func key(_ credentials: TransportCredentials) throws -> NIOSSLPrivateKey {
        try NIOSSLPrivateKey(bytes: credentials.privateKey, format: .der)
    }
}
