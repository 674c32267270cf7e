internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// What is served to a browser or a scraper.
package struct HTTPPage: Hashable, Sendable {
    package var contentType: String
    package var body: String

    package init(contentType: String, body: String) {
        self.contentType = contentType
        self.body = body
    }
}

/// Serves one page over HTTP/1.1 to whoever can connect: `GET` and `HEAD` of its path, nothing else.
///
/// One request a connection, then it is closed, so that nobody holds one: at most ``mostConnections`` are open, none for longer
/// than ``patience``. For so little SwiftNIO's own HTTP codec is enough, which is here anyway for the RPCs; a web framework
/// would bring twenty packages more.
package final class PageListener: Sendable {
    private typealias Exchange = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private static let mostConnections = 32
    private static let patience = TimeAmount.seconds(10)

    private let place: Endpoint
    private let path: String
    private let render: @Sendable (_ accept: String) async -> HTTPPage
    private let open = Mutex(0)

    /// - Parameters:
    ///   - path: of the page, such as `/metrics`.
    ///   - render: makes the page; told which types the reader accepts.
    package init(on place: Endpoint, path: String, _ render: @escaping @Sendable (_ accept: String) async -> HTTPPage) {
        self.place = place
        self.path = path
        self.render = render
    }

    /// Serves until cancelled.
    ///
    /// - Parameter isUp: called once readers can connect, with the port that the system chose when none was given.
    /// - Throws: ``WireError`` when it cannot listen there.
    package func run(_ isUp: @Sendable (Endpoint) -> Void) async throws(WireError) {
        do {
            let address = try place.resolved()
            let listening = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(to: address) { [self] channel in channel.eventLoop.makeCompletedFuture { try prepare(channel) } }
            isUp(Endpoint(host: place.host, port: listening.channel.localAddress?.port ?? place.port))
            try await listening.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections { group.addTask { await self.serve(connection) } }
                }
            }
        } catch let error as WireError {
            throw error
        } catch let error as IOError {
            throw WireError("failed to listen on \(place): \(String(cString: strerror(error.errnoCode)))")
        } catch is CancellationError {
        } catch { throw WireError("failed to serve on \(place): \(error)") }
    }

    private func prepare(_ channel: any Channel) throws -> Exchange {
        let isCrowded = open.withLock { open in
            open += 1
            return open > Self.mostConnections
        }
        channel.closeFuture.whenComplete { [self] _ in open.withLock { $0 -= 1 } }
        channel.eventLoop.scheduleTask(in: isCrowded ? .zero : Self.patience) { channel.close(promise: nil) }
        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
        return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }

    private func serve(_ connection: Exchange) async {
        // what goes wrong concerns this reader alone, who sees it
        try? await connection.executeThenClose { inbound, outbound in
            for try await case .head(let request) in inbound {
                let (status, page) = await answer(request)
                var head = HTTPResponseHead(version: request.version, status: status)
                head.headers.add(name: "Content-Type", value: page.contentType)
                head.headers.add(name: "Content-Length", value: "\(page.body.utf8.count)")
                head.headers.add(name: "Connection", value: "close")
                if status == .methodNotAllowed { head.headers.add(name: "Allow", value: "GET, HEAD") }
                try await outbound.write(.head(head))
                if request.method != .HEAD { try await outbound.write(.body(.byteBuffer(ByteBuffer(string: page.body)))) }
                return try await outbound.write(.end(nil))
            }
        }
    }

    private func answer(_ request: HTTPRequestHead) async -> (HTTPResponseStatus, HTTPPage) {
        func text(_ text: String) -> HTTPPage { HTTPPage(contentType: "text/plain; charset=utf-8", body: text + "\n") }
        guard request.uri.prefix(while: { $0 != "?" }) == path else { return (.notFound, text("the page here is \(path)")) }
        guard request.method == .GET || request.method == .HEAD else {
            return (.methodNotAllowed, text("\(path) can only be read"))
        }
        return (.ok, await render(request.headers["Accept"].joined(separator: ",")))
    }
}
