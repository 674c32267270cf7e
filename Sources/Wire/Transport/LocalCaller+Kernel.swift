internal import CLinux
internal import Glibc
internal import NIOCore

extension LocalCaller {
    /// Asks the kernel who connected to a Unix socket.
    static func of(_ channel: any Channel) -> EventLoopFuture<LocalCaller> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let credentials: EventLoopFuture<surplus_peer_credentials> = provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return credentials.map { LocalCaller(uid: $0.uid, gid: $0.gid, pid: $0.pid) }
    }
}
