import Foundation
import GRPCCore
import Logging
import Testing
import Wire

@Suite("The agent's local socket")
struct ControlListenerTests {
    func withListener<T: Sendable>(
        at path: String, mode: UInt32 = 0o660, service: TestService = TestService(), _ body: @Sendable () async throws -> T
    ) async throws -> T {
        let listener = try ControlListener(
            path: path, mode: mode, services: [service], log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            await listener.waitUntilListening()
            let result = await Result { () async throws in try await body() }
            listener.beginGracefulShutdown()
            try await group.waitForAll()
            return try result.get()
        }
    }

    @Test("Handlers see user, group and process of the caller")
    func credentials() async throws {
        let directory = try TemporaryDirectory()
        try await withListener(at: directory.path + "/control") {
            let name = try await ControlClient.connect(to: directory.path + "/control") { try await $0.getStatus(.init()).name }
            #expect(name == "\(getuid()) \(getgid()) \(getpid())")
        }
    }

    @Test(
        "Two processes of different users on one socket are told apart",
        .enabled(if: getuid() == 0, "needs root, to call as another user"))
    func twoUsers() async throws {
        let directory = try TemporaryDirectory()
        let service = TestService()
        #expect(chmod(directory.path, 0o755) == 0)
        let frame = directory.path + "/frame"
        try Data(repeating: 0, count: 5).write(to: URL(filePath: frame))
        #expect(chmod(frame, 0o644) == 0)
        try await withListener(at: directory.path + "/control", mode: 0o666, service: service) {
            let arguments = [
                "--reuid", "65534", "--regid", "65533", "--clear-groups", "/usr/bin/curl", "--silent", "--http2-prior-knowledge",
                "--max-time", "10", "--unix-socket", directory.path + "/control", "-H", "content-type: application/grpc", "-H",
                "te: trailers", "-H", "surplus-connection: 1", "--data-binary", "@" + frame,
                "http://localhost/surplus.v1.Control/GetStatus",
            ]
            try await ControlClient.connect(to: directory.path + "/control") { client in
                _ = try await client.getStatus(.init())
                let other = try await run("/usr/bin/setpriv", arguments)
                #expect(other.status == 0)
                let reply = try Surplus_V1_StatusReply(serializedBytes: [UInt8](other.output.dropFirst(5)))
                #expect(reply.name == "65534 65533 \(other.pid)")
                _ = try await client.getStatus(.init())
            }
        }
        let own = Caller.local(LocalCaller(uid: getuid(), gid: getgid(), pid: getpid()))
        #expect(service.callers.count == 3)
        #expect(service.callers.first == own)
        #expect(service.callers.last == own)
    }

    @Test("The socket has the permissions asked for, replaces one left behind, and is removed at the end")
    func file() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/control"
        for mode in [0o600, 0o666] as [UInt32] {
            try await withListener(at: path, mode: mode) {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                // The permissions are set right after the socket is there; a call can only be answered after that.
                #expect(attributes[.type] as? FileAttributeType == .typeSocket)
                _ = try await ControlClient.connect(to: path) { try await $0.getStatus(.init()) }
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("Something else at the socket's path is left alone")
    func somethingElse() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/control"
        try "precious".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: WireError.self) {
            try ControlListener(path: path, services: [], log: Logger(label: "test"))
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test("A path that is too long for a socket is refused")
    func longPath() throws {
        #expect(throws: WireError.self) {
            try ControlListener(path: "/tmp/" + String(repeating: "x", count: 110), services: [], log: Logger(label: "test"))
        }
    }

    @Test("Without an agent the client says so at once")
    func noAgent() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/control"
        await #expect(
            throws: WireError(
                "failed to connect to \(path): no agent is running there: start surplusd, or name the socket of the one that runs"
            )
        ) {
            try await ControlClient.connect(to: path) { _ in }
        }
    }

    @Test("What a handler refuses reaches the caller as it was said")
    func fieldErrors() async throws {
        let error = FieldError("terms.amounts.cpu_millicores", "is -5, must be 0 to 10")
        #expect(error.rpcErrorCode == .invalidArgument)
        #expect(error.rpcErrorMessage == "terms.amounts.cpu_millicores is -5, must be 0 to 10")
    }
}
