package import GRPCCore
internal import GRPCProtobuf
internal import SwiftProtobuf

/// The part of the control API that only looks at the ledger, for an agent that can do nothing else. Every other call is refused,
/// with the reason.
package struct ReadOnlyControl: RegistrableRPCService {
    private typealias Method = Surplus_V1_Control.Method

    /// Calls that are refused, with what their callers are told.
    package var refused: [MethodDescriptor] = []
    package var reason: String
    package var status: @Sendable () async throws -> Surplus_V1_StatusReply
    package var diagnose: @Sendable () async throws -> Surplus_V1_DiagnoseReply
    package var ledgerStatus: @Sendable () async throws -> Surplus_V1_LedgerStatusReply
    package var verify: @Sendable (Surplus_V1_VerifyLedgerRequest) async throws -> Surplus_V1_VerifyLedgerReply
    package var entries:
        @Sendable (
            Surplus_V1_EntriesRequest, @Sendable (Surplus_V1_EntriesPage) async throws -> Void
        ) async throws -> Void

    /// - Parameter methods: all that there are, as far as they are to be answered at all.
    package init(
        methods: [MethodDescriptor], reason: String,
        status: @escaping @Sendable () async throws -> Surplus_V1_StatusReply,
        diagnose: @escaping @Sendable () async throws -> Surplus_V1_DiagnoseReply,
        ledgerStatus: @escaping @Sendable () async throws -> Surplus_V1_LedgerStatusReply,
        verify: @escaping @Sendable (Surplus_V1_VerifyLedgerRequest) async throws -> Surplus_V1_VerifyLedgerReply,
        entries:
            @escaping @Sendable (
                Surplus_V1_EntriesRequest, @Sendable (Surplus_V1_EntriesPage) async throws -> Void
            ) async throws -> Void
    ) {
        let served = [
            Method.GetStatus.descriptor, Method.Diagnose.descriptor, Method.GetLedgerStatus.descriptor,
            Method.VerifyLedger.descriptor, Method.StreamEntries.descriptor,
        ]
        refused = methods.filter { !served.contains($0) }
        (self.reason, self.status, self.diagnose, self.ledgerStatus) = (reason, status, diagnose, ledgerStatus)
        (self.verify, self.entries) = (verify, entries)
    }

    package func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        answer(Method.GetStatus.descriptor, in: &router) { (_: Surplus_V1_GetStatusRequest) in try await status() }
        answer(Method.Diagnose.descriptor, in: &router) { (_: Surplus_V1_DiagnoseRequest) in try await diagnose() }
        answer(Method.GetLedgerStatus.descriptor, in: &router) { (_: Surplus_V1_LedgerStatusRequest) in
            try await ledgerStatus()
        }
        answer(Method.VerifyLedger.descriptor, in: &router) { try await verify($0) }
        router.registerHandler(
            forMethod: Method.StreamEntries.descriptor, deserializer: ProtobufDeserializer<Surplus_V1_EntriesRequest>(),
            serializer: ProtobufSerializer<Surplus_V1_EntriesPage>()
        ) { [entries] request, _ in
            let message = try await ServerRequest(stream: request).message
            return StreamingServerResponse { writer in
                try await entries(message) { try await writer.write($0) }
                return [:]
            }
        }
        for method in refused {
            // Of what is refused nothing is read, so that it does not matter which message it is.
            router.registerHandler(
                forMethod: method, deserializer: ProtobufDeserializer<Surplus_V1_GetStatusRequest>(),
                serializer: ProtobufSerializer<Surplus_V1_StatusReply>()
            ) { [reason] _, _ in throw RPCError(code: .failedPrecondition, message: reason) }
        }
    }

    private func answer<Question: SwiftProtobuf.Message, Answer: SwiftProtobuf.Message, Transport: ServerTransport>(
        _ method: MethodDescriptor, in router: inout RPCRouter<Transport>,
        _ body: @escaping @Sendable (Question) async throws -> Answer
    ) {
        router.registerHandler(
            forMethod: method, deserializer: ProtobufDeserializer<Question>(), serializer: ProtobufSerializer<Answer>()
        ) { request, _ in
            let question = try await ServerRequest(stream: request).message
            return StreamingServerResponse(single: ServerResponse(message: try await body(question)))
        }
    }
}
