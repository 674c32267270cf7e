internal import Logging
internal import NIOCore
internal import NIOTLS

/// Stands in the pipeline of an accepted connection, behind TLS where there is any: knows which connection it is, closes
/// it when the handshake takes too long, and says why one failed.
final class ConnectionDoor: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    let connection: AcceptedConnection
    private let log: Logger
    private let patience: TimeAmount?
    private var deadline: Scheduled<Void>?
    private var isOpen: Bool

    /// - Parameter patience: for how long to wait for the handshake; `nil` when there is none.
    init(_ connection: AcceptedConnection, patience: TimeAmount?, log: Logger) {
        self.connection = connection
        self.patience = patience
        self.log = log
        isOpen = patience == nil
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard let patience else { return }
        let channel = context.channel
        let log = log
        deadline = context.eventLoop.scheduleTask(in: patience) {
            log.info(
                "Closed a connection: no handshake in time", metadata: ["peer": "\(channel.remoteAddress?.description ?? "?")"])
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            isOpen = true
            deadline?.cancel()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isOpen {
            log.info(
                "Refused a connection: the handshake failed",
                metadata: ["peer": "\(context.channel.remoteAddress?.description ?? "?")", "error": "\(error)"])
        }
        context.fireErrorCaught(error)
    }
}
