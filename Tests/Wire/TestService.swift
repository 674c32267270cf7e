import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import Logging
import Resources
import SwiftProtobuf
import Synchronization
import Wire

/// Answers a few calls and remembers who made them.
final class TestService: RegistrableRPCService {
    private let seen = Mutex<[Caller]>([])
    /// Who called, in order.
    var callers: [Caller] { seen.withLock { $0 } }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        serve(Surplus_V1_Peer.Method.Hello.descriptor, with: &router) { (hello: Surplus_V1_PeerHello, context) in
            Surplus_V1_PeerHello.with {
                $0.node = (try? context.callingPeer().description) ?? ""
                $0.software = hello.software
            }
        }
        serve(Surplus_V1_Enrolment.Method.Enrol.descriptor, with: &router) { (request: Surplus_V1_EnrolRequest, _) in
            Surplus_V1_EnrolReply.with { $0.poolName = request.name }
        }
        serve(Surplus_V1_Control.Method.GetStatus.descriptor, with: &router) { (_: Surplus_V1_GetStatusRequest, context) in
            Surplus_V1_StatusReply.with {
                if case .local(let user) = context.caller { $0.name = "\(user.uid) \(user.gid) \(user.pid)" }
                if case .user(let user) = context.caller { $0.name = user.user.description }
            }
        }
        router.registerHandler(
            forMethod: Surplus_V1_Peer.Method.StageInputs.descriptor, deserializer: ProtobufDeserializer<Surplus_V1_StagePart>(),
            serializer: ProtobufSerializer<Surplus_V1_StageReply>()
        ) { request, context in
            self.seen.withLock { $0.append(context.caller) }
            var bytes: Int64 = 0
            for try await part in request.messages { bytes += Int64(part.file.data.count) }
            let total = bytes
            return StreamingServerResponse(single: ServerResponse(message: .with { $0.bytes = total }))
        }
    }

    private func serve<Input: SwiftProtobuf.Message, Output: SwiftProtobuf.Message, Transport: ServerTransport>(
        _ method: MethodDescriptor, with router: inout RPCRouter<Transport>,
        _ answer: @escaping @Sendable (Input, ServerContext) -> Output
    ) {
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Input>(), serializer: ProtobufSerializer<Output>()
        ) { request, context in
            self.seen.withLock { $0.append(context.caller) }
            let single = try await ServerRequest(stream: request)
            return StreamingServerResponse(single: ServerResponse(message: answer(single.message, context)))
        }
    }
}

/// Runs `body` with a peer listener of `server` on a loopback port.
func withPeerListener<T: Sendable>(
    of server: TestGatekeeper, service: TestService = TestService(), limits: ListenerLimits = .peer, port: Int = 0,
    _ body: @Sendable (PeerListener, Endpoint) async throws -> T
) async throws -> T {
    let listener = try PeerListener(
        on: Endpoint(host: "127.0.0.1", port: port), gatekeeper: server, services: [service], limits: limits,
        log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await listener.run() }
        guard let endpoint = await listener.endpoint else {
            try await group.waitForAll()
            throw WireError("the listener did not start")
        }
        let result = await Result { () async throws in try await body(listener, endpoint) }
        group.cancelAll()
        return try result.get()
    }
}

/// Runs `body` with the clients of `client`.
func withClients<T: Sendable>(
    of client: any Gatekeeper, _ body: @Sendable (PeerClients) async throws -> T
) async throws -> T {
    let clients = PeerClients(gatekeeper: client)
    let result = await Result { () async throws in try await body(clients) }
    await clients.shutDown()
    return try result.get()
}

extension Result where Failure == any Error {
    init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// The RPC error that `body` ends with.
func rpcError(_ body: () async throws -> Void) async -> RPCError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RPCError
    }
}
