import GRPCCore
import Resources
import Wire

/// Somebody here who watches a job: shown its output from the spools, and heard for its input.
struct JobWatch: Sendable {
    let work: JobWork
    /// Names the nodes and adds up the money.
    let describe: @Sendable (JobRecord) -> Surplus_V1_JobInfo

    /// Takes input or a signal for the program.
    func take(_ message: Surplus_V1_JobInput) async throws {
        switch message.input {
        case .signal(let number):
            guard (1...64).contains(number) else { throw FieldError("signal", "is \(number), must be 1 to 64") }
            work.add(signal: number)
        case .stdin(let data):
            try checkInput()
            try Field.count(data, atMost: 1 << 20, "stdin")
            guard work.stdin.size + Int64(data.count) <= JobWork.inputLimit else {
                throw RPCError(
                    code: .resourceExhausted,
                    message: "standard input of more than \(JobWork.inputLimit >> 20) MiB: send it along with --input instead")
            }
            guard let isNew = try await work.stdin.append(data, at: message.stdinOffset) else {
                throw FieldError("stdin_offset", "is \(message.stdinOffset), but there is input up to \(work.stdin.size) only")
            }
            guard isNew else { return }
            try await work.stdin.synchronise()
            work.notify()
        case .stdinEnd:
            try checkInput()
            guard message.stdinOffset == work.stdin.size else {
                throw FieldError(
                    "stdin_offset", "is \(message.stdinOffset) at the end, but there is input up to \(work.stdin.size)")
            }
            try await work.stdin.end()
            work.notify()
        case .attach: throw FieldError("attach", "comes twice")
        case nil: throw FieldError("input", "is missing or of a newer version")
        }
    }

    private func checkInput() throws(RPCError) {
        guard work.record.order.hasInput else { throw .notNow("\(work.id) was started without standard input") }
    }

    /// Sends what there is and, if asked to, what comes, until the job has ended.
    func show(
        _ attach: Surplus_V1_JobAttach, _ write: @escaping @Sendable (Surplus_V1_JobOutput) async throws -> Void
    ) async throws {
        var offsets = (stdout: max(0, attach.stdoutOffset), stderr: max(0, attach.stderrOffset))
        var shown: Surplus_V1_JobProgress?
        var received: Int64?
        var (placed, remark): (LeaseID?, String) = (nil, "")
        for await _ in work.changes() {
            // Taken before the output is read: of a job that has ended, all of it is there.
            let view = work.view
            var progress = Surplus_V1_JobProgress(view)
            // What it uses is no news to who follows it, and would be told all the time.
            if var standing = view.standing {
                standing.using = .zero
                progress.standing = Surplus_V1_JobStanding(standing)
            }
            if let lease = view.record.lease, lease != placed { (placed, remark) = (lease, describe(view.record).remark) }
            progress.remark = remark
            if !view.record.attempts.isEmpty { progress.attempts = describe(view.record).attempts }
            if progress != shown {
                try await write(.with { $0.progress = progress })
                shown = progress
            }
            if work.record.order.hasInput, case let size = work.stdin.size, size != received {
                try await write(.with { $0.stdinReceived = size })
                received = size
            }
            try await send(work.stdout, .stdout, from: &offsets.stdout, write)
            try await send(work.stderr, .stderr, from: &offsets.stderr, write)
            if view.record.isFinal { return try await write(.with { $0.finished = describe(view.record) }) }
            if !attach.follow { return }
        }
    }

    private func send(
        _ spool: Spool, _ stream: Surplus_V1_OutputStream, from offset: inout Int64,
        _ write: (Surplus_V1_JobOutput) async throws -> Void
    ) async throws {
        while case let data = try await spool.read(from: offset), !data.isEmpty {
            let position = offset
            try await write(
                .with {
                    $0.data.stream = stream
                    $0.data.offset = position
                    $0.data.bytes = data
                })
            offset += Int64(data.count)
        }
    }
}

extension Surplus_V1_JobProgress {
    fileprivate init(_ view: JobWork.View) {
        self = .with {
            $0.state = view.record.stage.wire
            $0.text = view.progress.text
            $0.doneBytes = view.progress.done
            $0.totalBytes = view.progress.total
        }
    }
}
