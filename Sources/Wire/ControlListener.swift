package import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Glibc
package import Logging
internal import NIOCore
package import NIOPosix

/// Where local people and programs call: a Unix socket. Handlers find their caller in `context.caller`.
package final class ControlListener: Sendable {
    private let path: String
    private let mode: mode_t
    private let connections: AcceptedConnections
    private let grpc: GRPCServer<HTTP2ServerTransport.Custom<Listener>>
    private let transport: HTTP2ServerTransport.Custom<Listener>

    /// The longest path that a Unix socket can have, in bytes.
    package static let longestPath = 107

    /// - Parameters:
    ///   - path: where the socket is made, in place of one that was left behind; its directory, too, if that is missing.
    ///   - mode: its permissions: who may connect at all.
    ///   - guards: what each call passes before its handler.
    package init(
        path: String, mode: UInt32 = 0o660, services: [any RegistrableRPCService], guards: [any ServerInterceptor] = [],
        limits: ListenerLimits = .control,
        eventLoopGroup: MultiThreadedEventLoopGroup = .singleton, log: Logger
    ) throws(WireError) {
        guard path.utf8.count <= Self.longestPath else {
            throw WireError(
                "failed to listen on \(path): a socket's path has at most \(Self.longestPath) bytes: choose a shorter one")
        }
        try Self.removeStale(path)
        try Self.makeDirectory(of: path)
        self.path = path
        self.mode = mode
        connections = AcceptedConnections(limits: limits)
        let address: NIOCore.SocketAddress
        do { address = try NIOCore.SocketAddress(unixDomainSocketPath: path) } catch {
            throw WireError("failed to listen on \(path): \(error)")
        }
        let listener = Listener(
            address: address, security: .kernel, connections: connections, eventLoopGroup: eventLoopGroup, log: log)
        (grpc, transport) = listener.server(of: services, guards: guards, limits: limits) { _, _ in }
    }

    /// Serves until ``beginGracefulShutdown()`` was called and all calls have ended, or until the task is cancelled. The
    /// socket is removed then.
    package func run() async throws {
        defer { unlink(path) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.grpc.serveUntilCancelled(on: self.path) }
            group.addTask { try await self.openDoor() }
            try await group.waitForAll()
        }
    }

    /// Takes no new connections and calls any more.
    package func beginGracefulShutdown() { grpc.beginGracefulShutdown() }

    /// Returns once callers can connect, or (with false) when they never will.
    @discardableResult
    package func waitUntilListening() async -> Bool { await transport.listeningAddress != nil }

    private func openDoor() async throws {
        guard await transport.listeningAddress != nil else { return }
        guard chmod(path, mode) == 0 else {
            throw WireError("failed to set the permissions of \(path): \(String(cString: strerror(errno)))")
        }
    }

    private static func makeDirectory(of path: String) throws(WireError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else {
            throw WireError("failed to make \(directory) for the socket: \(String(cString: strerror(errno))); make it")
        }
    }

    /// Removes what an agent that was killed left behind, and nothing else.
    private static func removeStale(_ path: String) throws(WireError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw WireError("failed to listen on \(path): something else is there: move it away or choose another path")
        }
        guard unlink(path) == 0 else { throw WireError("failed to remove \(path): \(String(cString: strerror(errno)))") }
    }
}
