internal import GRPCCore
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Calls the agent of this machine over its Unix socket.
package enum ControlClient {
    package typealias Client = Surplus_V1_Control.Client<DialedTransport>

    /// Connects, runs `body`, and closes the connection when the calls in it have ended.
    ///
    /// - Throws: ``WireError`` when there is no connection, and what `body` throws.
    package static func connect<Result: Sendable>(
        to path: String, _ body: (Client) async throws -> Result
    ) async throws -> Result {
        let dialer = Dialer(eventLoopGroup: .singleton)
        let transport = DialedTransport {
            do { return try await dialer.dial(path: path) } catch { throw failure(path, error) }
        }
        do { try await transport.prepare() } catch { throw (error as? RPCError)?.cause as? WireError ?? error }
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
