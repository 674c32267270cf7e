package import NIOCore
internal import NIOTLS
package import Resources

extension FrameServer {
    /// A handler that serves the connections on which TLS has agreed on this protocol (ALPN, RFC 7301), for a listener that speaks
    /// others on the same port.
    ///
    /// It stands right behind TLS and what watches the handshake, before the handlers of the other protocols. Those see nothing of the
    /// connections that are served here but their end; of the others they see everything. To be made on the channel's event loop; the
    /// listener's TLS has to offer ``applicationProtocol``.
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
            context.fireUserInboundEventTriggered(event)
        }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
