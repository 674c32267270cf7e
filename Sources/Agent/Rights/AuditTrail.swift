import GRPCCore
import LedgerStore
import Logging
import Resources
import Synchronization
import Wire

/// Has every call that would change something in the audit log before it can: an entry is durable before the handler sees
/// the first message, and what became of the call is added before it is answered.
final class AuditTrail: Sendable {
    /// For how long the first message of a refused call is waited for, to name what it was about.
    private static let patience = Duration.seconds(1)
    /// In place of a user, where nobody is known.
    private static let nobody = "-"

    struct Call: Sendable {
        let user: CallingUser
        let method: String
    }

    let store: AuditStore
    private let clock: @Sendable () -> Timestamp
    private let log: Logger
    private let failure = Mutex<String?>(nil)

    init(store: AuditStore, clock: @escaping @Sendable () -> Timestamp, log: Logger) {
        self.store = store
        self.clock = clock
        self.log = log
    }

    /// Why the last call could not be recorded; `nil` when it was.
    var fault: String? { failure.withLock { $0 } }

    /// Records a call that the caller may not make.
    func refuse<Input: Sendable>(
        _ call: Call, _ messages: RPCAsyncSequence<Input, any Error>, _ error: RPCError
    ) async throws(RPCError) {
        _ = try await begin(entry(call, about: await Self.object(of: messages), .refused, reason: error.message))
    }

    /// Makes a change that no call asks for, and records it.
    ///
    /// - Parameter origin: what asks for it, such as a signal, which does not say whose it is.
    func record<Result: Sendable>(
        _ method: String, of object: String, origin: String, _ change: @Sendable () async throws -> Result
    ) async throws -> Result {
        let entry = Entry()
        entry.sequence = try await begin(
            AuditEntry(
                at: clock(), user: Self.nobody, role: Role.owner.rawValue, origin: origin, method: method, object: object,
                outcome: .begun))
        do {
            let result = try await change()
            await end(entry, .done)
            return result
        } catch {
            await end(entry, .failed, reason: "\(error)")
            throw error
        }
    }

    /// Makes a call and records it.
    func follow<Input: Sendable, Output: Sendable>(
        _ call: Call, _ request: StreamingServerRequest<Input>,
        _ next: (StreamingServerRequest<Input>) async throws -> StreamingServerResponse<Output>
    ) async throws -> StreamingServerResponse<Output> {
        let entry = Entry()
        var recorded = request
        recorded.messages = RPCAsyncSequence(
            wrapping: request.messages.map { [self] message in
                if entry.claim() { entry.sequence = try await begin(self.entry(call, about: Self.object(of: message), .begun)) }
                return message
            })
        do {
            var response = try await next(recorded)
            // What was thrown counts as an answer, too.
            var contents = try response.accepted.get()
            // Calls that answer bit by bit may read what they are about only then; what it comes to is known at once, or at the end.
            if !(Output.self is any WorkStep.Type) { await end(entry, .done) }
            contents.producer = { [self, producer = contents.producer] writer in
                let listener = StepListener(writer)
                do {
                    let trailer = try await producer(RPCWriter(wrapping: listener))
                    await end(entry, of: listener.refusal)
                    return trailer
                } catch {
                    await end(streaming: entry, after: error, listener.refusal)
                    throw error
                }
            }
            response.accepted = .success(contents)
            return response
        } catch {
            await end(entry, after: error)
            throw error
        }
    }

    // MARK: Entries

    /// The place of a call's entry, once there is one. Requests are read one message after the other.
    private final class Entry: Sendable {
        private let state = Mutex<(isClaimed: Bool, sequence: Int64?)>((false, nil))

        /// Whether it is the caller that makes the entry.
        func claim() -> Bool {
            state.withLock { state in
                defer { state.isClaimed = true }
                return !state.isClaimed
            }
        }

        /// The place of the entry, for the first who says how the call ended.
        func take() -> Int64? { state.withLock { $0.sequence.take() } }

        var sequence: Int64? {
            get { state.withLock { $0.sequence } }
            set { state.withLock { $0.sequence = newValue } }
        }
    }

    private func entry(
        _ call: Call, about object: String, _ outcome: AuditEntry.Outcome, reason: String = ""
    ) -> AuditEntry {
        AuditEntry(
            at: clock(), user: call.user.name, role: call.user.role.rawValue, origin: call.user.origin, method: call.method,
            object: object, outcome: outcome, reason: reason)
    }

    private func begin(_ entry: AuditEntry) async throws(RPCError) -> Int64 {
        do {
            let sequence = try await store.begin(entry)
            failure.withLock { $0 = nil }
            return sequence
        } catch {
            failure.withLock { $0 = "\(error)" }
            log.error("failed to write the audit log", metadata: ["error": "\(error)"])
            throw RPCError(
                code: .failedPrecondition, message: "nothing is changed without a record of who did it: \(error)")
        }
    }

    private func end(_ entry: Entry, after error: any Error) async {
        let error = error as? RPCError
        await end(
            entry, error?.code == .permissionDenied ? .refused : .failed, reason: error?.message ?? "the call was cancelled")
    }

    /// Who stops watching work has not failed.
    ///
    /// - Parameter refusal: why a part of it was not done, as far as it was watched.
    private func end(streaming entry: Entry, after error: any Error, _ refusal: String?) async {
        let wasLeft = error is CancellationError || (error as? RPCError)?.code == .cancelled
        if wasLeft { await end(entry, of: refusal) } else { await end(entry, after: error) }
    }

    private func end(_ entry: Entry, of refusal: String?) async {
        await end(entry, refusal == nil ? .done : .failed, reason: refusal ?? "")
    }

    private func end(_ entry: Entry, _ outcome: AuditEntry.Outcome, reason: String = "") async {
        guard let sequence = entry.take() else { return }
        // The record of a call that was cancelled is still written.
        let writing = Task { [store] in try await store.end(sequence, outcome, reason: reason) }
        do { try await writing.value } catch {
            // That it was made is on record; nothing false is.
            log.error("failed to write the audit log", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Objects

    private static func object<Input: Sendable>(of message: Input) -> String {
        (message as? any AuditedRequest)?.auditedObject ?? ""
    }

    private static func object<Input: Sendable>(of messages: RPCAsyncSequence<Input, any Error>) async -> String {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                var iterator = messages.makeAsyncIterator()
                return (try? await iterator.next()).flatMap { $0 }.map { object(of: $0) }
            }
            group.addTask {
                await Task.rest(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap { $0 } ?? ""
        }
    }
}

/// Hears in what work on several things says of itself which of them were refused.
private final class StepListener<Element: Sendable>: RPCWriterProtocol {
    private let writer: RPCWriter<Element>
    private let heard = Mutex<String?>(nil)

    init(_ writer: RPCWriter<Element>) { self.writer = writer }

    /// The first one.
    var refusal: String? { heard.withLock(\.self) }

    func write(_ element: Element) async throws {
        if let reason = (element as? any WorkStep)?.refusalReason { heard.withLock { $0 = $0 ?? reason } }
        try await writer.write(element)
    }

    func write(contentsOf elements: some Sequence<Element>) async throws {
        for element in elements { try await write(element) }
    }
}
