internal import GRPCCore
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// How a call finds the connection it came over.
///
/// The transport tells handlers nothing about a call's connection that could not be ambiguous (all connections of a Unix
/// socket look alike), so each stream is stamped: its first header block loses whatever the peer wrote under the
/// stamp's name and gets the number of its connection instead. ``CallerInterceptor`` reads the stamp and removes it.
enum ConnectionStamp {
    static let header = "surplus-connection"

    /// Marks a stream that was just accepted; to be run on its event loop.
    @Sendable static func stamp(_ stream: any Channel) -> EventLoopFuture<Void> {
        stream.eventLoop.makeCompletedFuture {
            guard let parent = stream.parent else { throw ChannelError.inappropriateOperationForState }
            let door = try parent.pipeline.syncOperations.handler(type: ConnectionDoor.self)
            try stream.pipeline.syncOperations.addHandler(StampingHandler(door.connection), position: .first)
        }
    }
}

/// Rewrites the first header block of one stream, and holds callers that are not proven to a small amount of data: what they
/// send is buffered before anyone can look at it.
private final class StampingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private let connection: AcceptedConnection
    private var received = 0

    init(_ connection: AcceptedConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(var block) where received == 0:
            block.headers.remove(name: ConnectionStamp.header)
            block.headers.add(name: ConnectionStamp.header, value: String(connection.number))
            context.fireChannelRead(wrapInboundOut(.headers(block)))
            if connection.caller.isProven { context.pipeline.syncOperations.removeHandler(self, promise: nil) }
        case .data(let part):
            received += part.data.readableBytes
            guard received <= WireLimits.stranger else { return context.close(promise: nil) }
            context.fireChannelRead(data)
        default:
            context.fireChannelRead(data)
        }
    }
}

/// Gives each call its caller and asks the listener's rule whether it may go on.
struct CallerInterceptor: ServerInterceptor {
    let connections: AcceptedConnections
    let rule: @Sendable (Caller, MethodDescriptor) throws(RPCError) -> Void

    func intercept<Input: Sendable, Output: Sendable>(
        request: StreamingServerRequest<Input>, context: ServerContext,
        next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let stamps = Array(request.metadata[stringValues: ConnectionStamp.header])
        guard stamps.count == 1, let number = UInt64(stamps[0]), let connection = connections[number] else {
            throw RPCError(code: .unavailable, message: "the connection of this call is closed")
        }
        let caller = connection.caller
        try rule(caller, context.descriptor)
        var request = request
        request.metadata.removeAllValues(forKey: ConnectionStamp.header)
        var context = context
        context.caller = caller
        return try await next(request, context)
    }
}
