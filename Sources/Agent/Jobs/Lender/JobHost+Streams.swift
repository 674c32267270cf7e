import FoundationEssentials
import GRPCCore
import Resources
import Sandbox
import Wire

// The streams of a running job.

extension JobHost {
    /// What one caller of AttachJob follows.
    private struct Attachment: Sendable {
        let job: HostedJob
        /// `nil` when the shim is gone without a record of the end.
        let shim: ShimClient?
        let input: InputRelay?
    }

    /// Passes the streams of a job on to its borrower until the program has ended, and input and signals to it.
    func attach(
        _ input: RPCAsyncSequence<Surplus_V1_JobInput, any Error>, for peer: NodeID,
        _ write: @escaping @Sendable (Surplus_V1_JobOutput) async throws -> Void
    ) async throws {
        try await explaining {
            try await AttachCall.serve(input) { [self] attach in
                let job = try find(attach.job, for: peer)
                do {
                    let shim = try await onThread { try ShimClient(attachingTo: job.directory) }
                    return Attachment(job: job, shim: shim, input: InputRelay(to: shim))
                } catch {
                    house.log.debug("a shim cannot be reached", metadata: ["job": "\(job.id)", "error": "\(error)"])
                    return Attachment(job: job, shim: nil, input: nil)
                }
            } take: { message, attachment in
                try await attachment.input?.take(message)
            } show: { [self] attach, attachment in
                defer { attachment.shim?.detach() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await attachment.input?.run() }
                    group.addTask { [self] in if attach.follow { try await tellStanding(of: attachment.job, write) } }
                    try await show(attachment, from: attach, write)
                    group.cancelAll()
                }
            }
        }
    }

    /// Says how the job fares: at once when its owner gives it more or less, and what it uses now and then.
    private func tellStanding(
        of job: HostedJob, _ write: @escaping @Sendable (Surplus_V1_JobOutput) async throws -> Void
    ) async throws {
        var told: JobStanding?
        for round in 0... {
            if let standing = guests.standing(of: job.lease), standing != told,
                told == nil || standing.isNews(after: told) || round % Self.usageRounds == 0
            {
                try await write(
                    .with {
                        $0.progress.state = .running
                        $0.progress.standing = Surplus_V1_JobStanding(standing)
                    })
                told = standing
            }
            try await Task.sleep(for: Self.standingInterval)
        }
    }

    /// How often it is looked at; the warden is asked as often.
    private static let standingInterval = Duration.seconds(1)
    /// After so many looks what a job uses is told again, if it has changed.
    private static let usageRounds = 3

    private func show(
        _ attachment: Attachment, from attach: Surplus_V1_JobAttach,
        _ write: @escaping @Sendable (Surplus_V1_JobOutput) async throws -> Void
    ) async throws {
        let job = attachment.job
        var stdout = OutputTail(files: job.files, output: .stdout, position: max(0, attach.stdoutOffset))
        var stderr = OutputTail(files: job.files, output: .stderr, position: max(0, attach.stderrOffset))
        var record: ExitRecord?
        if let shim = attachment.shim {
            events: for await event in shim.events {
                switch event {
                case .accepted(let position, limit: _): try await write(.with { $0.stdinReceived = position })
                case .output(let sizes):
                    try await stdout.send(upTo: sizes.stdout, write)
                    try await stderr.send(upTo: sizes.stderr, write)
                    if !attach.follow { return }
                case .exited(let end):
                    record = end
                    break events
                }
            }
        }
        try Task.checkCancellation()
        let ended: HostedJob
        if let record {
            ended = try await noteEnd(of: job, try await end(of: job, record), at: record.finished)
        } else {
            ended = try await observed(job)
        }
        guard ended.end != nil else {
            throw RPCError(code: .unavailable, message: "the shim of \(job.id) cannot be reached: attach again")
        }
        try await stdout.send(upTo: nil, write)
        try await stderr.send(upTo: nil, write)
        try await write(.with { $0.finished = info(ended) })
    }
}

/// Follows one output of a program in its file.
private struct OutputTail {
    static let chunk = 256 << 10

    let files: JobFiles
    let output: JobFiles.Output
    var position: Int64

    /// Sends what is there up to `end`, or to the end of the file.
    mutating func send(upTo end: Bytes?, _ write: (Surplus_V1_JobOutput) async throws -> Void) async throws {
        while end.map({ position < $0.rawValue }) ?? true {
            let start = position
            let bytes = try await onThread { [files, output] in try files.read(output, at: start, atMost: Self.chunk) }
            guard !bytes.isEmpty else { return }
            let stream: Surplus_V1_OutputStream = output == .stderr ? .stderr : .stdout
            try await write(
                .with {
                    $0.data.stream = stream
                    $0.data.offset = start
                    $0.data.bytes = Data(bytes)
                })
            position += Int64(bytes.count)
        }
    }
}
