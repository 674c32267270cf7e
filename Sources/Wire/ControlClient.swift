internal import GRPCCore
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Calls an agent: that of this machine over its Unix socket, another over mutual TLS.
package enum ControlClient {
    package typealias Client = Surplus_V1_Control.Client<DialedTransport>

    /// Connects to a socket, runs `body`, and closes the connection when the calls in it have ended.
    ///
    /// - Throws: ``WireError`` when there is no connection, and what `body` throws.
    package static func connect<Result: Sendable>(
        to path: String, _ body: (Client) async throws -> Result
    ) async throws -> Result {
        let dialer = Dialer(eventLoopGroup: .singleton)
        let transport = DialedTransport {
            do { return try await dialer.dial(path: path) } catch { throw failure(path, error) }
        }
        return try await call(over: transport, body)
    }

    /// Connects to an agent elsewhere, which must prove to be what `verify` accepts by its certificate chain (DER, leaf
    /// first); otherwise as ``connect(to:_:)``.
    package static func connect<Result: Sendable>(
        to endpoint: Endpoint, with credentials: TransportCredentials,
        verify: @escaping @Sendable ([[UInt8]]) throws -> Void, _ body: (Client) async throws -> Result
    ) async throws -> Result {
        let dialer = Dialer(eventLoopGroup: .singleton)
        let transport = DialedTransport {
            try await dialer.dial(endpoint, tls: try TLSContexts.makeClient(credentials), verify: verify)
        }
        return try await call(over: transport, body)
    }

    private static func call<Result: Sendable>(
        over transport: DialedTransport, _ body: (Client) async throws -> Result
    ) async throws -> Result {
        do { try await transport.prepare() } catch { throw (error as? RPCError)?.cause as? WireError ?? error }
        return try await withGRPCClient(transport: transport) { try await body(Client(wrapping: $0)) }
    }

    private static func failure(_ path: String, _ error: any Error) -> WireError {
        let code = (error as? IOError)?.errnoCode
        let reason =
            switch code {
            case ENOENT, ECONNREFUSED: "no agent is running there: start surplusd, or name the socket of the one that runs"
            case EACCES: "permission denied: your user may not talk to this agent\(remedy(path))"
            default: code.map { String(cString: strerror($0)) } ?? "\(error)"
            }
        return WireError("failed to connect to \(path): \(reason)", isDenied: code == EACCES)
    }

    /// Whoever is in the group of the socket may connect.
    private static func remedy(_ path: String) -> String {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o020 != 0, let entry = getgrgid(status.st_gid) else { return "" }
        // An agent that root runs by hand has no group that anybody else should be in.
        guard status.st_gid != 0 else { return ", root may: run it with sudo" }
        let group = String(cString: entry.pointee.gr_name)
        return ", the group '\(group)' may: 'usermod --append --groups \(group) USER', and log in again"
    }
}
