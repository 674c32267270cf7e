import GRPCCore
import Wire

/// One call of AttachJob, on either side: what comes in and what goes out run beside each other, and the call ends with
/// what goes out.
enum AttachCall {
    /// - Parameters:
    ///   - input: the messages of the caller, the first of which says what to attach to.
    ///   - open: finds what the caller attaches to.
    ///   - take: takes each later message, one after the other.
    ///   - show: sends output until there is none any more.
    static func serve<Subject: Sendable>(
        _ input: RPCAsyncSequence<Surplus_V1_JobInput, any Error>,
        open: @escaping @Sendable (Surplus_V1_JobAttach) async throws -> Subject,
        take: @escaping @Sendable (Surplus_V1_JobInput, Subject) async throws -> Void,
        show: @escaping @Sendable (Surplus_V1_JobAttach, Subject) async throws -> Void
    ) async throws {
        let (opened, opening) = AsyncStream.makeStream(of: (Surplus_V1_JobAttach, Subject).self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                defer { opening.finish() }
                var subject: Subject?
                for try await message in input {
                    if let subject {
                        try await take(message, subject)
                    } else {
                        guard case .attach(let attach)? = message.input else { throw FieldError("attach", "must come first") }
                        let found = try await open(attach)
                        opening.yield((attach, found))
                        subject = found
                    }
                }
                return false
            }
            group.addTask {
                for await (attach, subject) in opened {
                    try await show(attach, subject)
                    return true
                }
                return false
            }
            defer { group.cancelAll() }
            // The caller may have nothing more to say long before there is nothing more to show.
            while let isOver = try await group.next(), !isOver {}
        }
    }
}
