import Foundation
import GRPCCore
import GRPCProtobuf
import Logging
import Wire

/// An agent's socket at which only mounts are answered.
struct PlayedAgent: RegistrableRPCService {
    private typealias Method = Surplus_V1_Control.Method

    let prepare: @Sendable (Surplus_V1_PrepareMountRequest) throws -> Surplus_V1_MountPlan

    /// Serves while `body` runs, in a temporary directory of its own.
    static func serving<Result: Sendable>(
        _ prepare: @escaping @Sendable (Surplus_V1_PrepareMountRequest) throws -> Surplus_V1_MountPlan,
        _ body: @Sendable @escaping (_ directory: String, _ socket: String) async throws -> Result
    ) async throws -> Result {
        let directory = NSTemporaryDirectory() + "/surplus-mount-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let socket = directory + "/agent.sock"
        var log = Logger(label: "played-agent")
        log.logLevel = .critical
        let listener = try ControlListener(path: socket, services: [PlayedAgent(prepare: prepare)], log: log)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            await listener.waitUntilListening()
            defer { group.cancelAll() }
            return try await body(directory, socket)
        }
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Method.PrepareMount.descriptor, deserializer: ProtobufDeserializer<Surplus_V1_PrepareMountRequest>(),
            serializer: ProtobufSerializer<Surplus_V1_MountPlan>()
        ) { [prepare] request, _ in
            let plan = try prepare(try await ServerRequest(stream: request).message)
            return StreamingServerResponse(single: ServerResponse(message: plan))
        }
        router.registerHandler(
            forMethod: Method.LocateVolume.descriptor, deserializer: ProtobufDeserializer<Surplus_V1_VolumeRef>(),
            serializer: ProtobufSerializer<Surplus_V1_VolumePlace>()
        ) { [prepare] request, _ in
            let volume = try await ServerRequest(stream: request).message.volume
            let plan = try prepare(.with { $0.volume = volume })
            return StreamingServerResponse(single: ServerResponse(message: plan.place))
        }
    }
}
