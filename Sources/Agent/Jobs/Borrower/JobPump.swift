import Configuration
import GRPCCore
import Synchronization
import Wire

/// Attends a running job: brings its output home into the spools and sends it input and signals, until it has ended. When the
/// connection is lost it comes back to where it was.
struct JobPump: Sendable {
    /// How far input has come on one connection.
    private final class InputCursor: Sendable {
        private struct State {
            var position: Int64?
            var accepted: Int64 = 0
            var hasSentEnd = false
        }

        /// What is sent ahead of what the program has taken, so that nothing waits long on the way.
        private static let window: Int64 = 1 << 20

        private let state = Mutex(State())

        /// The lender says how much the program has taken; the first time also where to begin.
        func accept(_ position: Int64) {
            state.withLock { state in
                state.position = state.position ?? position
                state.accepted = max(state.accepted, position)
            }
        }

        /// Where to send from; `nil` until the lender has said, and while enough is under way.
        var position: Int64? {
            state.withLock { state in state.position.flatMap { $0 - state.accepted < Self.window ? $0 : nil } }
        }

        /// Whether the lender has said anything.
        var hasBegun: Bool { state.withLock { $0.position != nil } }

        func advance(by count: Int) { state.withLock { $0.position? += Int64(count) } }
        func takeEnd() -> Bool {
            state.withLock { state in
                defer { state.hasSentEnd = true }
                return !state.hasSentEnd
            }
        }
    }

    let transport: JobTransport
    let work: JobWork

    /// Returns how the program ended, after all its output is here.
    ///
    /// - Throws: ``JobFailure``, ``EarlyEnd`` or `RPCError` when it cannot be attended any more.
    func attend() async throws -> JobEnd {
        let (lender, reference) = try transport.reference(to: work)
        work.report(.init(text: "\(transport.lenderName): running"))
        work.note(nil)
        var backoff = Backoff()
        var absence = Absence(of: transport.lenderName, patience: work.record.retry?.patience)
        while true {
            let before = work.stdout.size + work.stderr.size
            let cursor = InputCursor()
            do {
                let end = try await transport.peers.call(lender) { client in
                    return try await client.attachJob { writer in
                        try await feed(writer, cursor, job: reference.job)
                    } onResponse: { response in
                        try await receive(response.messages, cursor)
                    }
                }
                if let end { return end }
                absence.end()
            } catch let error as RPCError where error.isPassing {
                try Task.checkCancellation()
                if cursor.hasBegun { absence.end() }
                try absence.note(error)
            }
            if work.stdout.size + work.stderr.size > before { backoff.reset() }
            try await backoff.pause()
        }
    }

    // MARK: To the program

    private func feed(_ writer: RPCWriter<Surplus_V1_JobInput>, _ cursor: InputCursor, job: String) async throws {
        try await writer.write(
            .with {
                $0.attach.job = job
                $0.attach.stdoutOffset = work.stdout.size - start.stdout
                $0.attach.stderrOffset = work.stderr.size - start.stderr
                $0.attach.follow = true
            })
        for await _ in work.changes() {
            while let signal = work.takeSignal() { try await writer.write(.with { $0.signal = signal }) }
            try await sendInput(writer, cursor)
        }
    }

    private func sendInput(_ writer: RPCWriter<Surplus_V1_JobInput>, _ cursor: InputCursor) async throws {
        while let position = cursor.position {
            // Asked before reading, so that nothing can come in between.
            let isEnded = work.stdin.isEnded
            let data = try await work.stdin.read(from: position)
            guard data.isEmpty else {
                try await writer.write(
                    .with {
                        $0.stdin = data
                        $0.stdinOffset = position
                    })
                cursor.advance(by: data.count)
                continue
            }
            guard isEnded, cursor.takeEnd() else { return }
            try await writer.write(
                .with {
                    $0.stdinEnd = true
                    $0.stdinOffset = position
                })
        }
    }

    // MARK: From the program

    /// - Returns: `nil` when the connection ended before the program did.
    private func receive(
        _ messages: RPCAsyncSequence<Surplus_V1_JobOutput, any Error>, _ cursor: InputCursor
    ) async throws -> JobEnd? {
        for try await message in messages {
            switch message.output {
            case .data(let data): try await keep(data)
            case .stdinReceived(let position):
                cursor.accept(position)
                work.notify()
            case .finished(let info): return try JobEnd(info)
            // what cannot be understood of it is nothing that the job depends on
            case .progress(let progress): if progress.hasStanding { work.note(try? JobStanding(progress.standing)) }
            case nil: break
            }
        }
        return nil
    }

    /// Where this run's output begins in that of the job.
    private var start: OutputStart { work.record.outputStart ?? OutputStart() }

    private func keep(_ data: Surplus_V1_JobData) async throws {
        let (spool, start) = data.stream == .stderr ? (work.stderr, start.stderr) : (work.stdout, start.stdout)
        let limit = transport.limits.outputBytes
        guard spool.size + Int64(data.bytes.count) <= limit.rawValue else {
            throw JobFailure("it wrote more than \(limit.text): raise limits.output_bytes of this node, or write to a file")
        }
        // what a lender says may be anything
        let isConnected = data.offset >= 0 && data.offset <= spool.size - start
        guard isConnected, let isNew = try await spool.append(data.bytes, at: start + data.offset) else {
            throw JobFailure("\(transport.lenderName) left out a part of its output before byte \(data.offset)")
        }
        if isNew { work.notify() }
    }
}
