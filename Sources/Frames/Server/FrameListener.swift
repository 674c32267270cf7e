internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Listens on a port of its own and serves the nodes that connect to it over mutual TLS.
package final class FrameListener: Sendable {
    package let server: FrameServer
    /// Where it listens.
    package let port: Int
    private let channel: any Channel

    /// Listens.
    ///
    /// - Parameter port: 0 lets the system choose.
    /// - Throws: ``FrameError/notListening(_:)`` with the reason.
    package init(_ server: FrameServer, host: String, port: Int, as identity: any FrameIdentity) async throws(FrameError) {
        self.server = server
        let tls = FrameTLS(identity)
        do {
            channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.writeBufferWaterMark, value: FrameChannel.waterMark)
                .childChannelOption(.recvAllocator, value: FrameChannel.receiving)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let proof = FrameTLS.Proof()
                        try channel.pipeline.syncOperations.addHandler(try tls.serverHandler(proof))
                        try server.serve(channel) { proof.node.mapError { $0 } }
                    }
                }
                .bind(host: host, port: port).get()
        } catch {
            throw .notListening("\(host):\(port): \(FrameChannel.text(error))")
        }
        self.port = channel.localAddress?.port ?? port
    }

    /// Takes no more connections and ends those that are open.
    package func shutDown(within patience: Duration = .seconds(5)) async {
        // It fails only when it was closed before.
        try? await channel.close()
        await server.shutDown(within: patience)
    }
}
