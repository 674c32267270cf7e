package import NIOCore
internal import NIOTLS
package import Resources

extension FrameServer {
    /// A handler that serves the connections on which TLS has agreed on this protocol (ALPN, RFC 7301), for a listener that speaks
    /// others on the same port.
    ///
    /// It stands right behind TLS and what watches the handshake, before the handlers of the other protocols. Those learn of a
    /// connection only when the handshake is over, since HTTP/2 speaks at once; of the connections that are served here they see
    /// nothing but the end. To be made on the channel's event loop; the listener's TLS has to offer ``applicationProtocol``.
    ///
    /// - Parameter prove: says, when the handshake is over, whose certificate the other side has shown.
    package func negotiator(prove: @escaping () -> Result<NodeID, any Error>) -> any ChannelHandler {
        FrameNegotiator(self, prove)
    }
}

private final class FrameNegotiator: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let server: FrameServer
    private let prove: () -> Result<NodeID, any Error>

    init(_ server: FrameServer, _ prove: @escaping () -> Result<NodeID, any Error>) {
        self.server = server
        self.prove = prove
    }

    /// Held back until it is known whose the connection is.
    func channelActive(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let agreed) = event as? TLSUserEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        if agreed == FrameServer.applicationProtocol {
            do {
                try server.serve(context.channel, after: self, prove: prove)
            } catch {
                context.close(promise: nil)
            }
        } else {
            context.fireChannelActive()
            context.fireUserInboundEventTriggered(event)
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
