import FoundationEssentials
import GRPCCore
import Synchronization
import Wire

/// Plays what happens to jobs on a lender. What a job does is told by its program's name:
///
/// - `print` writes its first argument, and its first connection breaks in the middle;
/// - `cat` writes what it reads;
/// - `sleep` never ends;
/// - `starve` never ends either: it says what no lender says, and then that it is frozen;
/// - `make` makes its outputs, all but those called `missing`;
/// - `overrun` is ended by a limit;
/// - `leap` writes, is cut short, and then claims to write where no output can be;
/// - `flee` writes "run N of LEASE;", is cut short, and ends well once it was given what it saved: its checkpoints.
final class PlayedLender: Surplus_V1_Peer.SimpleServiceProtocol {
    struct Story: Sendable {
        var staged: [String] = []
        var stagings = 0
        var specs: [String: Surplus_V1_JobSpec] = [:]
        var starts = 0
        var attachments = 0
        var discarded: [String] = []
        var collected: [String] = []
        /// The calls of `StageInputs` that are to break.
        var brokenStagings = 0
    }

    private let state = Mutex(Story())

    var story: Story { state.withLock { $0 } }
    func change(_ body: (inout Story) -> Void) { state.withLock { body(&$0) } }

    // MARK: Jobs

    func stageInputs(
        request: RPCAsyncSequence<Surplus_V1_StagePart, any Error>, context: ServerContext
    ) async throws -> Surplus_V1_StageReply {
        var names: [String] = []
        for try await part in request where !part.file.entry.path.isEmpty { names.append(part.file.entry.path) }
        let isBroken = state.withLock { story in
            story.stagings += 1
            guard story.stagings > story.brokenStagings else { return true }
            story.staged = names
            return false
        }
        guard !isBroken else { throw RPCError(code: .unavailable, message: "the lender went away") }
        return Surplus_V1_StageReply()
    }

    func startJob(request: Surplus_V1_StartJobRequest, context: ServerContext) async throws -> Surplus_V1_JobInfo {
        state.withLock { story in
            story.starts += 1
            story.specs[request.job] = request.spec
        }
        return .with {
            $0.state = .running
            $0.limitsEnforced = true
        }
    }

    func attachJob(
        request: RPCAsyncSequence<Surplus_V1_JobInput, any Error>, response: RPCWriter<Surplus_V1_JobOutput>,
        context: ServerContext
    ) async throws {
        var messages = request.makeAsyncIterator()
        guard let attach = try await messages.next()?.attach, let spec = story.specs[attach.job] else {
            throw RPCError(code: .notFound, message: "no such job")
        }
        let attachment = state.withLock { story in
            story.attachments += 1
            return story.attachments
        }
        try await response.write(.with { $0.stdinReceived = 0 })
        switch spec.program {
        case "print": try await print(spec.arguments[0], from: attach.stdoutOffset, breaking: attachment == 1, to: response)
        case "cat":
            while let message = try await messages.next(), !message.stdinEnd {
                try await response.write(
                    .with { $0.data = .with { ($0.stream, $0.offset, $0.bytes) = (.stdout, message.stdinOffset, message.stdin) } }
                )
            }
        case "starve":
            try await response.write(.with { $0.progress.standing.rung = "pampered" })
            try await response.write(
                .with {
                    ($0.progress.standing.rung, $0.progress.standing.reason) = ("frozen", "the owner is back")
                    $0.progress.standing.using.memoryBytes = 5 << 20
                })
            while (try await messages.next()) != nil {}
        case "sleep": while (try await messages.next()) != nil {}
        case "flee":
            let (run, isDone) = state.withLock { ($0.starts, $0.starts > Int(spec.arguments[0])!) }
            try await response.write(
                .with { $0.data = .with { ($0.stream, $0.offset, $0.bytes) = (.stdout, 0, Data("run \(run);".utf8)) } })
            guard isDone else {
                return try await response.write(
                    .with { ($0.finished.state, $0.finished.failure, $0.finished.interrupted) = (.failed, "taken back", true) })
            }
        case "leap":
            let isFirst = state.withLock { $0.starts == 1 }
            try await response.write(
                .with {
                    $0.data = .with { ($0.stream, $0.offset, $0.bytes) = (.stdout, isFirst ? 0 : .max - 1, Data("leap".utf8)) }
                })
            guard isFirst else { break }
            return try await response.write(
                .with { ($0.finished.state, $0.finished.failure, $0.finished.interrupted) = (.failed, "taken back", true) })
        case "overrun":
            return try await response.write(
                .with { ($0.finished.state, $0.finished.failure, $0.finished.stopped) = (.failed, "its time is over", true) })
        default: break
        }
        guard spec.program != "sleep", spec.program != "starve" else { return }
        try await response.write(
            .with {
                $0.finished.state = .finished
                $0.finished.exit.code = 0
                $0.finished.usage.cpuCoreMicroseconds = 1500
            })
    }

    private func print(
        _ text: String, from offset: Int64, breaking: Bool, to response: RPCWriter<Surplus_V1_JobOutput>
    ) async throws {
        let rest = Data(text.utf8.dropFirst(Int(offset)))
        let part = breaking ? rest.prefix(rest.count / 2) : rest
        try await response.write(.with { $0.data = .with { ($0.stream, $0.offset, $0.bytes) = (.stdout, offset, part) } })
        if breaking { throw RPCError(code: .unavailable, message: "the connection broke") }
    }

    func collectOutputs(
        request: Surplus_V1_JobRef, response: RPCWriter<Surplus_V1_FilePart>, context: ServerContext
    ) async throws {
        let spec = story.specs[request.job] ?? .init()
        state.withLock { $0.collected.append(request.onlyCheckpoints ? "checkpoints" : "outputs") }
        for name in request.onlyCheckpoints ? spec.checkpoints : spec.outputs where name != "missing" {
            let parts = name.split(separator: "/")
            for depth in 1...parts.count {
                let path = parts.prefix(depth).joined(separator: "/")
                try await response.write(.with { $0.entry = .with { ($0.path, $0.kind, $0.mode) = (path, .directory, 0o755) } })
            }
        }
    }

    func discardJob(request: Surplus_V1_JobRef, context: ServerContext) async throws -> Surplus_V1_JobInfo {
        state.withLock { $0.discarded.append(request.job) }
        return Surplus_V1_JobInfo()
    }

    // MARK: What jobs do not need

    func getUsage(request: Surplus_V1_UsageRequest, context: ServerContext) async throws -> Surplus_V1_UsageReply { .init() }

    private var unplayed: RPCError { RPCError(code: .unimplemented, message: "not played") }

    func hello(request: Surplus_V1_PeerHello, context: ServerContext) async throws -> Surplus_V1_PeerHello { throw unplayed }
    func deliver(
        request: RPCAsyncSequence<Surplus_V1_TradeMessage, any Error>, context: ServerContext
    ) async throws -> Surplus_V1_DeliverEnd { throw unplayed }
    func renewCertificate(request: Surplus_V1_RenewRequest, context: ServerContext) async throws -> Surplus_V1_CertificateReply {
        throw unplayed
    }
    func issueAuthority(request: Surplus_V1_RenewRequest, context: ServerContext) async throws -> Surplus_V1_CertificateReply {
        throw unplayed
    }
    func leave(request: Surplus_V1_LeaveRequest, context: ServerContext) async throws -> Surplus_V1_MemberRecord {
        throw unplayed
    }
    func syncMembers(
        request: Surplus_V1_SyncMembersRequest, context: ServerContext
    ) async throws -> Surplus_V1_MemberRecords { throw unplayed }
    func quote(request: Surplus_V1_QuoteRequest, context: ServerContext) async throws -> Surplus_V1_QuoteReply { throw unplayed }
    func tellStory(request: Surplus_V1_StoryRequest, context: ServerContext) async throws -> Surplus_V1_StoryReply {
        throw unplayed
    }
    func getJob(request: Surplus_V1_JobRef, context: ServerContext) async throws -> Surplus_V1_JobInfo { throw unplayed }
    func listKeptVolumes(
        request: Surplus_V1_KeptVolumesRequest, context: ServerContext
    ) async throws -> Surplus_V1_KeptVolumesReply { throw unplayed }
    func getVolume(request: Surplus_V1_VolumeRef, context: ServerContext) async throws -> Surplus_V1_VolumeStatus {
        throw unplayed
    }
}
