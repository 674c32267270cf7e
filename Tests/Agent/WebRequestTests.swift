import Configuration
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Agent

/// Answers as soon as it knows what is asked for, and closes its side without a look at the rest.
private final class Hasty: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head = unwrapInboundIn(data) else { return }
        let head = HTTPResponseHead(version: .http1_0, status: .noContent)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(mode: .output, promise: nil)
    }
}

@Suite("Requests to the owner's web services")
struct WebRequestTests {
    @Test("an answer counts, also of who closes before it took everything that was sent", .timeLimit(.minutes(1)))
    func early() async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(Hasty())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let request = WebRequest(
            address: try #require(WebAddress("http://127.0.0.1:\(port)/events")), tls: nil, headers: [],
            body: [UInt8](repeating: 0x20, count: 64 << 20))
        let status = try await request.post(within: .seconds(30))
        #expect(status == .noContent)
        try await server.close()
    }
}
