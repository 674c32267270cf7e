import FoundationEssentials
import GRPCCore
import Logging
import Resources
import Synchronization
import Wire

@testable import surplus

/// An agent that serves the control API on a real socket and runs no programs: it acts them out. What a job has read and
/// written is kept by position, as the real agent does, so that lost connections can be tried.
final class FakeAgent: Surplus_V1_Control.SimpleServiceProtocol {
    struct State {
        var jobs: [String: FakeJob] = [:]
        var submissions: [Surplus_V1_SubmitJob] = []
        var cancelled: [String] = []
        /// Connections to break, each after so many bytes of output.
        var breakAfter: [Int] = []
        /// What GetStatus and the like answer instead of doing it.
        var refusal: RPCError?
        var leaseReply = Surplus_V1_LeaseReply()
        var preview = Surplus_V1_LeasePreview()
        /// What it was asked to preview.
        var previewed: [Surplus_V1_LeaseRequest] = []
        var findings: [Surplus_V1_Finding] = []
        /// A fault that was found once is found no more.
        var heals = false
        // What was asked for.
        var pauses: [Surplus_V1_PauseRequest] = []
        var reclaims: [Surplus_V1_ReclaimLeaseRequest] = []
        var logRequests: [Surplus_V1_LogRequest] = []
        var moveRequests: [Surplus_V1_ListMovesRequest] = []
        var left = 0
        var revoked: [String] = []
        var usageRequests: [Surplus_V1_UsageRequest] = []
        /// By how much capacity is more than what it was used for.
        var unaccounted: Int64 = 0
        /// Whom the ledger is compared with beside the usual ones, and what is known of it.
        var reconcilesMore: [String] = []
        var checkpoints: [Surplus_V1_CheckpointInfo] = []
        var createdVolumes: [Surplus_V1_CreateVolumeRequest] = []
        var deletedVolumes: [String] = []
    }

    let directory: String
    let state = Mutex(State())
    var socket: String { "\(directory)/agent.sock" }
    var link: AgentLink { AgentLink(socket: socket) }

    init(directory: String) { self.directory = directory }

    /// Serves while `body` runs, in a temporary directory of its own.
    static func serving<Result: Sendable>(_ body: @Sendable @escaping (FakeAgent) async throws -> Result) async throws -> Result {
        try await Scratch.directory { directory in
            let agent = FakeAgent(directory: directory)
            var log = Logger(label: "fake-agent")
            log.logLevel = .critical
            let listener = try ControlListener(path: agent.socket, services: [agent], log: log)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listener.run() }
                await listener.waitUntilListening()
                defer { group.cancelAll() }
                return try await body(agent)
            }
        }
    }

    func check() throws {
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    }

    // MARK: - Jobs

    func submitJob(
        request: RPCAsyncSequence<Surplus_V1_SubmitPart, any Error>, context: ServerContext
    ) async throws -> Surplus_V1_JobInfo {
        try check()
        var random = SystemRandomNumberGenerator()
        let id = JobID(at: Timestamp(microseconds: 1_795_247_897_000_000), using: &random).description
        let work = "\(directory)/\(id)"
        try Scratch.make(work)
        let receiver = try FileReceiver(directory: work)
        var submission = Surplus_V1_SubmitJob()
        for try await part in request {
            switch part.part {
            case .submit(let submit): submission = submit
            case .file(let file): try await receiver.take(file)
            case nil: break
            }
        }
        _ = try await receiver.finish()
        let job = FakeJob(id: id, work: work, spec: submission.spec)
        let accepted = submission
        state.withLock {
            $0.submissions.append(accepted)
            $0.jobs[id] = job
        }
        return job.info
    }

    func attachJob(
        request: RPCAsyncSequence<Surplus_V1_JobInput, any Error>, response: RPCWriter<Surplus_V1_JobOutput>,
        context: ServerContext
    ) async throws {
        let (attaches, attached) = AsyncStream.makeStream(of: Surplus_V1_JobAttach.self)
        let limit = state.withLock { $0.breakAfter.isEmpty ? Int.max : $0.breakAfter.removeFirst() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                var job: FakeJob?
                for try await input in request {
                    if let job { job.take(input) } else { job = try self.job(input.attach.job) }
                    try await response.write(.with { $0.stdinReceived = job?.received ?? 0 })
                    if case .attach(let attach) = input.input { attached.yield(attach) }
                }
                // The client sends nothing more, which is no reason to end.
                try await Task.sleep(for: .seconds(3600))
            }
            group.addTask { [self] in
                for await attach in attaches {
                    return try await self.job(attach.job).play(to: response, from: attach, breakAfter: limit)
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    func fetchOutputs(
        request: Surplus_V1_GetJobRequest, response: RPCWriter<Surplus_V1_FilePart>, context: ServerContext
    ) async throws {
        let job = try job(request.job)
        let sender = FileSender(
            try job.info.spec.outputs.map {
                FileSource(root: job.work, path: try RelativePath($0), name: try RelativePath($0))
            })
        _ = try await sender.send { try await response.write($0) }
    }

    func getJob(request: Surplus_V1_GetJobRequest, context: ServerContext) async throws -> Surplus_V1_JobInfo {
        try job(request.job).info
    }

    func cancelJob(request: Surplus_V1_GetJobRequest, context: ServerContext) async throws -> Surplus_V1_JobInfo {
        let job = try job(request.job)
        state.withLock { $0.cancelled.append(request.job) }
        job.cancel()
        return job.info
    }

    func listJobs(request: Surplus_V1_ListJobsRequest, context: ServerContext) async throws -> Surplus_V1_ListJobsReply {
        let jobs = state.withLock { $0.jobs.values.map(\.info) }
        return .with { $0.jobs = jobs.sorted { $0.job < $1.job } }
    }

    private func job(_ id: String) throws -> FakeJob {
        guard let job = state.withLock({ $0.jobs[id] }) else {
            throw RPCError(code: .notFound, message: "\(id): no such job; see 'surplus job list'")
        }
        return job
    }
}

// MARK: - Everything else

extension FakeAgent {
    func getStatus(request: Surplus_V1_GetStatusRequest, context: ServerContext) async throws -> Surplus_V1_StatusReply {
        try check()
        return .with {
            ($0.node, $0.name, $0.pool, $0.poolName) = (Sample.node(1), "node1", "pol_1", "lab")
            $0.capacity = .with { ($0.cpuMillicores, $0.memoryBytes) = (2000, 1 << 30) }
            $0.limitsEnforced = true
            $0.enforcement = "cgroup v1"
        }
    }

    func listNodes(request: Surplus_V1_ListNodesRequest, context: ServerContext) async throws -> Surplus_V1_ListNodesReply {
        .with { $0.nodes = [.with { ($0.node, $0.name, $0.status, $0.isSelf) = ("nde_1", "node1", "active", true) }] }
    }

    func listOffers(request: Surplus_V1_ListOffersRequest, context: ServerContext) async throws -> Surplus_V1_ListOffersReply {
        .with { $0.offers = [.with { ($0.name, $0.error) = ("node2", "connection refused") }] }
    }

    func getCredits(request: Surplus_V1_GetCreditsRequest, context: ServerContext) async throws -> Surplus_V1_CreditsReply {
        .with { ($0.balance, $0.spent) = (-3472, 3472) }
    }

    func listObligations(request: Surplus_V1_ListObligationsRequest, context: ServerContext) async throws
        -> Surplus_V1_ListObligationsReply
    {
        .with { $0.obligations = [Self.obligation(of: "node2")] }
    }

    func adjustObligation(request: Surplus_V1_AdjustObligationRequest, context: ServerContext) async throws
        -> Surplus_V1_ObligationInfo
    {
        Self.obligation(of: "node2")
    }

    private static func obligation(of peer: String) -> Surplus_V1_ObligationInfo {
        .with {
            ($0.obligation, $0.peer, $0.peerName, $0.owedToUs) = ("obl_1", "nde_2", peer, true)
            ($0.terms.dueFrom, $0.terms.dueUntil) = (1_767_225_600_000_000, 1_767_830_400_000_000)
            $0.left = .with { $0.cpuCoreMicroseconds = 7_200_000_000 }
        }
    }

    func verifyLedger(request: Surplus_V1_VerifyLedgerRequest, context: ServerContext) async throws
        -> Surplus_V1_VerifyLedgerReply
    {
        .with { ($0.ok, $0.fault) = (false, "transfer 7: hash differs") }
    }

    func getLedgerStatus(
        request: Surplus_V1_LedgerStatusRequest, context: ServerContext
    ) async throws -> Surplus_V1_LedgerStatusReply {
        .with {
            $0.own = .with { ($0.directory, $0.firstSegment, $0.lastSegment, $0.bytes) = ("/ledger", 3, 4, 1 << 20) }
            $0.beginsAt = 1_795_247_940_000_000
            $0.standby = .with { ($0.directory, $0.fault, $0.lagMicroseconds) = ("/standby", "no space left", 5_000_000) }
            $0.checkpoints = state.withLock(\.checkpoints)
        }
    }

    func archiveLedger(
        request: Surplus_V1_ArchiveLedgerRequest, context: ServerContext
    ) async throws -> Surplus_V1_ArchiveLedgerReply { .with { $0.segments = request.keep == 0 ? [1, 2] : [] } }

    func mountLedger(
        request: Surplus_V1_LedgerDirectory, context: ServerContext
    ) async throws -> Surplus_V1_LedgerStatusReply {
        try check()
        return .init()
    }

    func unmountLedger(
        request: Surplus_V1_LedgerDirectory, context: ServerContext
    ) async throws -> Surplus_V1_LedgerStatusReply { .init() }

    func streamEntries(
        request: Surplus_V1_EntriesRequest, response: RPCWriter<Surplus_V1_EntriesPage>, context: ServerContext
    ) async throws {
        try await response.write(.with { ($0.node, $0.nodeName) = ("nde_1", "node1") })
        try await response.write(
            .with {
                $0.entries = [
                    .with {
                        ($0.sequence, $0.transfer, $0.at, $0.purpose) = (1, "trf_1", 1_795_247_940_000_000, "borrowed")
                        ($0.debit, $0.credit, $0.amount) = ("spent", "peer:nde_2", 3472)
                        ($0.peer, $0.peerName, $0.lease) = ("nde_2", "node2", "lse_1")
                    }
                ]
            })
    }

    func streamEvents(
        request: Surplus_V1_EventsRequest, response: RPCWriter<Surplus_V1_EventInfo>, context: ServerContext
    ) async throws {
        for number in 1...max(1, Int64(request.last)) {
            try await response.write(
                .with { ($0.sequence, $0.at, $0.kind, $0.text) = (number, number, "lease.granted", "to node2") })
        }
    }

    func explain(request: Surplus_V1_ExplainRequest, context: ServerContext) async throws -> Surplus_V1_ExplainReply {
        .with { ($0.id, $0.kind, $0.summary) = (request.id, "lease", "lent to node2") }
    }

    func getUsage(request: Surplus_V1_UsageRequest, context: ServerContext) async throws -> Surplus_V1_UsageReply {
        let until = request.until == 0 ? 1_795_247_940_000_000 : request.until
        state.withLock { $0.usageRequests.append(request) }
        return .with {
            ($0.target, $0.kind, $0.node) = (request.target.isEmpty ? "nde_1" : request.target, "node", "node1")
            ($0.from, $0.until, $0.stepMicroseconds) = (until - 180_000_000, until, 60_000_000)
            $0.series = [
                .with { series in
                    (series.metric, series.unit) = ("cpu", "millicores")
                    series.total = .with { ($0.samples, $0.mean, $0.p95, $0.max) = (60, 250, 900, 1000) }
                    series.points = [.with { ($0.at, $0.figures) = (until - 60_000_000, series.total) }]
                }
            ]
            $0.unmeasured = ["network_received"]
        }
    }

    func streamChargeback(
        request: Surplus_V1_ChargebackRequest, response: RPCWriter<Surplus_V1_ChargebackPage>, context: ServerContext
    ) async throws {
        let until: Int64 = 1_795_247_940_000_000
        try await response.write(
            .with {
                ($0.node, $0.nodeName, $0.stepMicroseconds) = ("nde_1", "node1", 60_000_000)
                ($0.from, $0.until) = (until - 60_000_000, until)
            })
        func usage(_ cpu: Int64) -> Surplus_V1_Usage { .with { ($0.cpuCoreMicroseconds, $0.memoryMibSeconds) = (cpu, cpu) } }
        let surplus = state.withLock { $0.unaccounted }
        try await response.write(
            .with {
                $0.windows = [
                    .with {
                        ($0.at, $0.measuredMicroseconds) = (until - 60_000_000, 60_000_000)
                        ($0.capacity, $0.owner, $0.idle) = (usage(100 + surplus), usage(40), usage(30))
                        $0.leases = [.with { ($0.lease, $0.used) = ("lse_1", usage(30)) }]
                    }
                ]
                $0.holders = [.with { ($0.lease, $0.peer, $0.peerName, $0.user) = ("lse_1", "nde_2", "node2", "ann") }]
            })
    }

    func streamTrades(
        request: Surplus_V1_TradesRequest, response: RPCWriter<Surplus_V1_TradesPage>, context: ServerContext
    ) async throws {
        try await response.write(.with { ($0.node, $0.nodeName) = ("nde_1", "node1") })
        try await response.write(
            .with {
                $0.entries = [
                    .with {
                        ($0.at, $0.lease, $0.peer, $0.peerName) = (1_795_247_940_000_000, "lse_1", "nde_2", "node2")
                        $0.used = .with { ($0.cpuCoreMicroseconds, $0.memoryMibSeconds) = (12_500_000, 3072) }
                        $0.paid = .with { ($0.cpu, $0.memory) = (-3472, 0) }
                    }
                ]
                $0.holders = [.with { ($0.lease, $0.application) = ("lse_1", "xz") }]
            })
    }

    func requestLease(request: Surplus_V1_LeaseRequest, context: ServerContext) async throws -> Surplus_V1_LeaseReply {
        state.withLock { $0.leaseReply }
    }

    func listLeases(request: Surplus_V1_ListLeasesRequest, context: ServerContext) async throws -> Surplus_V1_ListLeasesReply {
        .init()
    }

    func getLease(request: Surplus_V1_LeaseRef, context: ServerContext) async throws -> Surplus_V1_LeaseInfo {
        .with { $0.lease = request.lease }
    }

    func renewLease(request: Surplus_V1_RenewLeaseRequest, context: ServerContext) async throws -> Surplus_V1_LeaseInfo {
        .with { $0.lease = request.lease }
    }

    func releaseLease(request: Surplus_V1_LeaseRef, context: ServerContext) async throws -> Surplus_V1_LeaseInfo {
        .with { $0.lease = request.lease }
    }

    func reclaimLease(
        request: Surplus_V1_ReclaimLeaseRequest, context: ServerContext
    ) async throws -> Surplus_V1_ListLeasesReply {
        state.withLock { $0.reclaims.append(request) }
        return .init()
    }

    func getPolicy(request: Surplus_V1_GetPolicyRequest, context: ServerContext) async throws -> Surplus_V1_PolicyReply {
        .with {
            ($0.name, $0.configured) = ("none", "none.yaml")
            $0.source.files = [.with { ($0.name, $0.content) = ("none.yaml", .init("name: none\nlend: nothing\n".utf8)) }]
        }
    }

    func explainPolicy(
        request: Surplus_V1_ExplainPolicyRequest, context: ServerContext
    ) async throws -> Surplus_V1_ExplainPolicyReply { .with { $0.refusal.reason = "policy 'none' lends nothing" } }

    func applyPolicy(
        request: Surplus_V1_ApplyPolicyRequest, context: ServerContext
    ) async throws -> Surplus_V1_ApplyPolicyReply { .with { ($0.name, $0.changed) = ("none", false) } }

    func previewPolicy(
        request: Surplus_V1_ApplyPolicyRequest, context: ServerContext
    ) async throws -> Surplus_V1_ApplyPolicyReply { .with { ($0.name, $0.changed) = ("none", false) } }

    func initPool(request: Surplus_V1_InitPoolRequest, context: ServerContext) async throws -> Surplus_V1_PoolReply {
        .with { $0.poolName = request.name }
    }

    func createToken(request: Surplus_V1_CreateTokenRequest, context: ServerContext) async throws -> Surplus_V1_CreateTokenReply {
        try check()
        return .with { ($0.token, $0.id, $0.address) = ("surplus-token-v1.secret", "tok_1", "127.0.0.1:7800") }
    }

    func joinPool(request: Surplus_V1_JoinPoolRequest, context: ServerContext) async throws -> Surplus_V1_PoolReply {
        .with { ($0.poolName, $0.node) = (request.token, request.address) }
    }

    func revokeNode(request: Surplus_V1_NodeRef, context: ServerContext) async throws -> Surplus_V1_RevokeReply {
        state.withLock { $0.revoked.append(request.node) }
        return .with { $0.member.name = request.node }
    }

    func grantIssuer(request: Surplus_V1_NodeRef, context: ServerContext) async throws -> Surplus_V1_MemberInfo {
        .with { $0.name = request.node }
    }

    func leavePool(request: Surplus_V1_LeavePoolRequest, context: ServerContext) async throws -> Surplus_V1_PoolReply {
        state.withLock { $0.left += 1 }
        return .init()
    }

    func pauseLending(request: Surplus_V1_PauseRequest, context: ServerContext) async throws -> Surplus_V1_PauseReply {
        state.withLock { $0.pauses.append(request) }
        return .with { $0.pause = .with { ($0.by, $0.since) = ("ann", 1) } }
    }

    func resumeLending(request: Surplus_V1_ResumeRequest, context: ServerContext) async throws -> Surplus_V1_PauseReply {
        .with { $0.wasPaused = true }
    }

    func diagnose(request: Surplus_V1_DiagnoseRequest, context: ServerContext) async throws -> Surplus_V1_DiagnoseReply {
        state.withLock { state in
            defer { if state.heals { state.findings.removeAll { $0.severity == "fault" } } }
            return .with { $0.findings = state.findings }
        }
    }

    func getEnforcer(
        request: Surplus_V1_GetEnforcerRequest, context: ServerContext
    ) async throws -> Surplus_V1_EnforcerReply {
        .with {
            $0.enforcement = "cgroup v2"
            $0.threshold = .init(Amounts(cpu: 1600, memory: .gibibytes(4)))
            $0.owner = .init(Amounts(cpu: 1500, memory: .gibibytes(1)))
            $0.guests = .init(Amounts(cpu: 10, memory: .mebibytes(50)))
            $0.pressure.diskBasisPoints = 1250
            $0.availableBytes = Bytes.gibibytes(3).rawValue
            ($0.tolerance.cpuBasisPoints, $0.tolerance.diskBasisPoints) = (10_000, 3000)
            ($0.reserveBytes, $0.guestDiskBytesPerSecond) = (Bytes.mebibytes(80).rawValue, Bytes.mebibytes(7).rawValue)
            $0.coolDownMicroseconds = 45_000_000
            $0.leases = [
                .with {
                    $0.lease = "lse_01m8k3x9p2t4v6w8y0a1c3e5g7"
                    $0.peerName = "node2"
                    $0.rung = "frozen"
                    $0.granted = .init(Amounts(cpu: 500, memory: .mebibytes(100)))
                    $0.ceilingCpuMillicores = 10
                    $0.reason = "the owner leaves less than guests need at least"
                }
            ]
        }
    }

    func listMoves(
        request: Surplus_V1_ListMovesRequest, context: ServerContext
    ) async throws -> Surplus_V1_ListMovesReply {
        state.withLock { $0.moveRequests.append(request) }
        return .with {
            $0.moves = [
                .with {
                    $0.at = 1_767_225_600_000_000
                    $0.lease = "lse_01m8k3x9p2t4v6w8y0a1c3e5g7"
                    ($0.from, $0.to, $0.resource) = ("throttled", "frozen", "cpu")
                    $0.reason = "the owner leaves less than guests need at least"
                    $0.owner = .init(Amounts(cpu: 1500))
                    $0.guests = .init(Amounts(cpu: 10))
                    $0.threshold = .init(Amounts(cpu: 1600))
                },
                .with {
                    $0.at = 1_767_225_700_000_000
                    $0.lease = "lse_01m8k3x9p2t4v6w8y0a1c3e5g7"
                    ($0.from, $0.to, $0.resource) = ("shaped", "throttled", "disk")
                    $0.reason = "the owner's work waited for disks"
                    ($0.pressure.diskBasisPoints, $0.tolerance.diskBasisPoints) = (3400, 3000)
                    ($0.guestDiskBytesPerSecond, $0.availableBytes) = (Bytes.mebibytes(12).rawValue, Bytes.mebibytes(9).rawValue)
                },
            ]
        }
    }

    func streamLog(
        request: Surplus_V1_LogRequest, response: RPCWriter<Surplus_V1_LogEntry>, context: ServerContext
    ) async throws {
        state.withLock { $0.logRequests.append(request) }
        for number in 1...max(1, Int64(request.last)) {
            try await response.write(
                .with { ($0.sequence, $0.at, $0.level, $0.message) = (number, number, "warning", "a peer did not answer") })
        }
    }

    func previewLease(request: Surplus_V1_LeaseRequest, context: ServerContext) async throws -> Surplus_V1_LeasePreview {
        state.withLock {
            $0.previewed.append(request)
            return $0.preview
        }
    }
}
