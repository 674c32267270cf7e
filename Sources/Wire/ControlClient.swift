internal import GRPCCore
package import GRPCNIOTransportHTTP2Posix
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Calls the agent of this machine over its Unix socket.
package enum ControlClient {
    package typealias Client = Surplus_V1_Control.Client<HTTP2ClientTransport.WrappedChannel>

    /// Connects, runs `body`, and closes the connection.
    ///
    /// - Throws: ``WireError`` when there is no connection, and what `body` throws.
    package static func connect<Result: Sendable>(
        to path: String, _ body: @Sendable (Client) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup.singleton
        let transport: HTTP2ClientTransport.WrappedChannel
        do { transport = try await Dialer(eventLoopGroup: group).dial(path: path) } catch { throw failure(path, error) }
        return try await withGRPCClient(transport: transport) { try await body(Client(wrapping: $0)) }
    }

    private static func failure(_ path: String, _ error: any Error) -> WireError {
        let code = (error as? IOError)?.errnoCode
        let reason =
            switch code {
            case ENOENT, ECONNREFUSED: "no agent is running there: start surplusd, or name the socket of the one that runs"
            case EACCES: "permission denied: your user may not talk to this agent"
            default: code.map { String(cString: strerror($0)) } ?? "\(error)"
            }
        return WireError("failed to connect to \(path): \(reason)")
    }
}
