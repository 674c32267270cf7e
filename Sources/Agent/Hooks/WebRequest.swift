import Configuration
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Resources

/// One POST over HTTP/1.1, on a connection of its own. Redirections are for whoever asks to judge, and what the other side says
/// beyond its status is not read.
struct WebRequest: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let address: WebAddress
    /// For an address with `https`.
    let tls: NIOSSLContext?
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    /// What is trusted: the authorities in a PEM file, or those of the system; certificates and names are verified.
    static func tls(trusting authorities: String?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let authorities { configuration.trustRoots = .file(authorities) }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Sends it and waits for the answer.
    ///
    /// - Throws: when there is none within `limit`.
    func post(within limit: Microseconds) async throws -> HTTPResponseStatus {
        try await withThrowingTaskGroup(of: HTTPResponseStatus.self) { group in
            group.addTask { try await exchange(within: limit) }
            group.addTask {
                try await Task.sleep(for: .microseconds(limit.rawValue))
                throw Failure(description: "no answer in \(limit.text)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .requestTimeout
        }
    }

    private func exchange(within limit: Microseconds) async throws -> HTTPResponseStatus {
        let (tls, host) = (tls, address.host)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.microseconds(limit.rawValue))
            .connect(host: host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        // The certificate of an address that is a number is checked against the number.
                        let name = host.isNumericAddress ? nil : host
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                    try pipeline.addHTTPClientHandlers()
                    return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { answer, request in
            var unsent: (any Error)?
            do {
                try await request.write(contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)])
            } catch {
                // Who has heard enough may answer and close before it took the rest.
                unsent = error
            }
            for try await case .head(let head) in answer where head.status.code >= 200 { return head.status }
            throw unsent ?? Failure(description: "the connection was closed without an answer")
        }
    }

    private var head: HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: address.target)
        head.headers.add(name: "Host", value: address.authority)
        head.headers.add(name: "Content-Length", value: String(body.count))
        head.headers.add(name: "Connection", value: "close")
        for header in headers { head.headers.add(name: header.name, value: header.value) }
        return head
    }
}

extension String {
    /// Whether it is an IP address rather than a name, which is all that reading it as one can fail with.
    fileprivate var isNumericAddress: Bool { (try? SocketAddress(ipAddress: self, port: 0)) != nil }
}
