import GRPCCore
import Resources
import Wire

/// The agent's API for users, local ones and those of the pool. Whether a caller has the right that its call needs was found
/// out by the ``RightsGuard``; whose lease or job it is about is looked at in the domain. Handlers decode, ask the domain,
/// encode; the work is in the files beside this one.
struct ControlService: Surplus_V1_Control.ServiceProtocol {
    let agent: Agent

    // MARK: Looking

    func getStatus(
        request: ServerRequest<Surplus_V1_GetStatusRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_StatusReply> { try await answer { try await agent.status() } }

    func listNodes(
        request: ServerRequest<Surplus_V1_ListNodesRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListNodesReply> {
        try await answer {
            let pool = try await agent.pool()
            return .with { $0.nodes = pool.memberInfos }
        }
    }

    func listOffers(
        request: ServerRequest<Surplus_V1_ListOffersRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListOffersReply> {
        try await answer { try await agent.pool().offers(request.message) }
    }

    func getCredits(
        request: ServerRequest<Surplus_V1_GetCreditsRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_CreditsReply> { try await answer { try await agent.pool().credits() } }

    func listObligations(
        request: ServerRequest<Surplus_V1_ListObligationsRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListObligationsReply> {
        try await answer { try await agent.pool().obligations(request.message) }
    }

    func adjustObligation(
        request: ServerRequest<Surplus_V1_AdjustObligationRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ObligationInfo> {
        try await answer { try await agent.pool().adjust(request.message) }
    }

    func listDisputes(
        request: ServerRequest<Surplus_V1_ListDisputesRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListDisputesReply> {
        try await answer { try await agent.pool().disputes(request.message) }
    }

    func openDispute(
        request: ServerRequest<Surplus_V1_OpenDisputeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_DisputeInfo> {
        try await answer { try await agent.pool().openDispute(request.message) }
    }

    func resolveDispute(
        request: ServerRequest<Surplus_V1_ResolveDisputeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_DisputeInfo> {
        try await answer { try await agent.pool().resolveDispute(request.message) }
    }

    func netCredits(
        request: ServerRequest<Surplus_V1_NetCreditsRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_NettingStep> {
        let pool = try await agent.pool()
        return stream { try await pool.net(request.message, $0) }
    }

    func reconcileLedger(
        request: ServerRequest<Surplus_V1_ReconcileLedgerRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_ReconciliationStep> {
        let pool = try await agent.pool()
        return stream { try await pool.reconcile(request.message, $0) }
    }

    func verifyLedger(
        request: ServerRequest<Surplus_V1_VerifyLedgerRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VerifyLedgerReply> {
        try await answer { try await agent.pool().ledger.verify(request.message) }
    }

    func getLedgerStatus(
        request: ServerRequest<Surplus_V1_LedgerStatusRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LedgerStatusReply> { try await answer { try await agent.ledgerStatus() } }

    func archiveLedger(
        request: ServerRequest<Surplus_V1_ArchiveLedgerRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ArchiveLedgerReply> {
        try await answer { try await agent.archiveLedger(request.message) }
    }

    func mountLedger(
        request: ServerRequest<Surplus_V1_LedgerDirectory>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LedgerStatusReply> {
        try await answer { try await agent.mountLedger(request.message) }
    }

    func unmountLedger(
        request: ServerRequest<Surplus_V1_LedgerDirectory>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LedgerStatusReply> {
        try await answer { try await agent.unmountLedger(request.message) }
    }

    func streamEntries(
        request: ServerRequest<Surplus_V1_EntriesRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_EntriesPage> {
        let pool = try await agent.pool()
        return stream { try await pool.ledger.streamEntries(request.message, $0) }
    }

    func streamEvents(
        request: ServerRequest<Surplus_V1_EventsRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_EventInfo> {
        let pool = try await agent.pool()
        return stream { try await pool.streamEvents(request.message, $0) }
    }

    func explain(
        request: ServerRequest<Surplus_V1_ExplainRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ExplainReply> {
        try await answer { try await agent.pool().explain(request.message.id) }
    }

    func getUsage(
        request: ServerRequest<Surplus_V1_UsageRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_UsageReply> {
        let user = try context.callingUser()
        return try await answer { try await agent.usage(request.message, by: user) }
    }

    func getEnforcer(
        request: ServerRequest<Surplus_V1_GetEnforcerRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_EnforcerReply> { try await answer { try await agent.pool().enforcer() } }

    func listMoves(
        request: ServerRequest<Surplus_V1_ListMovesRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListMovesReply> {
        try await answer { try await agent.pool().moves(request.message) }
    }

    func streamChargeback(
        request: ServerRequest<Surplus_V1_ChargebackRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_ChargebackPage> {
        stream { try await agent.streamChargeback(request.message, $0) }
    }

    func streamTrades(
        request: ServerRequest<Surplus_V1_TradesRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_TradesPage> {
        let pool = try await agent.pool()
        return stream { try await pool.streamTrades(request.message, $0) }
    }

    // MARK: Leases

    func requestLease(
        request: ServerRequest<Surplus_V1_LeaseRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LeaseReply> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().requestLease(request.message, by: user) }
    }

    func listLeases(
        request: ServerRequest<Surplus_V1_ListLeasesRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListLeasesReply> {
        try await answer { try await agent.pool().listLeases(all: request.message.all) }
    }

    func getLease(
        request: ServerRequest<Surplus_V1_LeaseRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LeaseInfo> {
        try await answer { try await agent.pool().leaseInfo(request.message.lease) }
    }

    func renewLease(
        request: ServerRequest<Surplus_V1_RenewLeaseRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LeaseInfo> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().renewLease(request.message, by: user) }
    }

    func releaseLease(
        request: ServerRequest<Surplus_V1_LeaseRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LeaseInfo> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().releaseLease(request.message.lease, by: user) }
    }

    func reclaimLease(
        request: ServerRequest<Surplus_V1_ReclaimLeaseRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListLeasesReply> {
        try await answer { try await agent.pool().reclaim(request.message) }
    }

    // MARK: Jobs

    func submitJob(
        request: StreamingServerRequest<Surplus_V1_SubmitPart>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_JobInfo> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().jobs.submit(request.messages, by: user) }
    }

    func attachJob(
        request: StreamingServerRequest<Surplus_V1_JobInput>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_JobOutput> {
        let user = try context.callingUser()
        let pool = try await agent.pool()
        return stream { try await pool.jobs.attach(request.messages, by: user, $0) }
    }

    func listJobs(
        request: ServerRequest<Surplus_V1_ListJobsRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListJobsReply> {
        let user = try context.callingUser()
        return try await answer {
            let pool = try await agent.pool()
            let jobs = try await pool.jobs.list(all: request.message.all, by: user)
            let hosted = try await pool.hosting.list(all: request.message.all, by: user)
            return .with { $0.jobs = jobs + hosted }
        }
    }

    func getJob(
        request: ServerRequest<Surplus_V1_GetJobRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_JobInfo> {
        let user = try context.callingUser()
        return try await answer {
            let (pool, job) = (try await agent.pool(), request.message.job)
            if let hosted = try pool.hosting.info(job, by: user) { return hosted }
            return try await pool.jobs.info(job, by: user)
        }
    }

    func cancelJob(
        request: ServerRequest<Surplus_V1_GetJobRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_JobInfo> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().jobs.cancel(request.message.job, by: user) }
    }

    func fetchOutputs(
        request: ServerRequest<Surplus_V1_GetJobRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_FilePart> {
        let user = try context.callingUser()
        let pool = try await agent.pool()
        return stream { try await pool.jobs.fetchOutputs(of: request.message.job, by: user, $0) }
    }

    // MARK: The policy

    func getPolicy(
        request: ServerRequest<Surplus_V1_GetPolicyRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PolicyReply> { try await answer { await agent.policy() } }

    func explainPolicy(
        request: ServerRequest<Surplus_V1_ExplainPolicyRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ExplainPolicyReply> {
        try await answer { try await agent.pool().explainPolicy(request.message) }
    }

    func applyPolicy(
        request: ServerRequest<Surplus_V1_ApplyPolicyRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ApplyPolicyReply> {
        let user = try context.callingUser().name
        return try await answer { try await agent.applyPolicy(request.message, by: user) }
    }

    func previewPolicy(
        request: ServerRequest<Surplus_V1_ApplyPolicyRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ApplyPolicyReply> {
        try await answer { try await agent.previewPolicy(request.message) }
    }

    // MARK: The pool

    func initPool(
        request: ServerRequest<Surplus_V1_InitPoolRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PoolReply> {
        try await answer { Surplus_V1_PoolReply(try await agent.initPool(named: request.message.name).gate.current) }
    }

    func createToken(
        request: ServerRequest<Surplus_V1_CreateTokenRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_CreateTokenReply> {
        try await answer { try await agent.pool().createToken(request.message) }
    }

    func joinPool(
        request: ServerRequest<Surplus_V1_JoinPoolRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PoolReply> {
        let (address, token) = (request.message.address, request.message.token)
        return try await answer { Surplus_V1_PoolReply(try await agent.join(address: address, token: token).gate.current) }
    }

    func revokeNode(
        request: ServerRequest<Surplus_V1_NodeRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_RevokeReply> {
        try await answer { try await agent.pool().revoke(request.message.node) }
    }

    func grantIssuer(
        request: ServerRequest<Surplus_V1_NodeRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_MemberInfo> {
        try await answer { try await agent.pool().grantIssuer(request.message.node) }
    }

    func leavePool(
        request: ServerRequest<Surplus_V1_LeavePoolRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PoolReply> {
        guard try context.callingUser().isLocal else {
            throw RPCError(
                code: .failedPrecondition, message: "leaving the pool would cut this very connection: ask on the node itself")
        }
        return try await answer { Surplus_V1_PoolReply(try await agent.leavePool(force: request.message.force)) }
    }

    // MARK: The owner's console

    func pauseLending(
        request: ServerRequest<Surplus_V1_PauseRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PauseReply> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().pauseLending(request.message, by: user) }
    }

    func resumeLending(
        request: ServerRequest<Surplus_V1_ResumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PauseReply> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().resumeLending(by: user) }
    }

    func diagnose(
        request: ServerRequest<Surplus_V1_DiagnoseRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_DiagnoseReply> {
        try await answer {
            let findings = await Diagnosis(house: agent.house, pool: await agent.poolIfAny).findings()
            return .with { $0.findings = findings.map(Surplus_V1_Finding.init) }
        }
    }

    func streamLog(
        request: ServerRequest<Surplus_V1_LogRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_LogEntry> {
        let reading = try LogReading(request.message, of: agent.house.recentLog)
        return stream { try await reading.run($0) }
    }

    func previewLease(
        request: ServerRequest<Surplus_V1_LeaseRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_LeasePreview> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().previewLease(request.message, by: user) }
    }

    // MARK: Rights

    func setNodeRole(
        request: ServerRequest<Surplus_V1_SetNodeRoleRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_MemberInfo> {
        try await answer { try await agent.pool().setNodeRole(request.message) }
    }

    func addUser(
        request: ServerRequest<Surplus_V1_AddUserRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_UserCertificate> {
        try await answer { try await agent.pool().addUser(request.message) }
    }

    func listUsers(
        request: ServerRequest<Surplus_V1_ListUsersRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListUsersReply> {
        try await answer {
            let pool = try await agent.pool()
            return .with { $0.users = pool.userInfos }
        }
    }

    func setUserRole(
        request: ServerRequest<Surplus_V1_SetUserRoleRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_UserReply> {
        try await answer { try await agent.pool().setUserRole(request.message) }
    }

    func renewUser(
        request: ServerRequest<Surplus_V1_RenewUserRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_UserCertificate> {
        try await answer { try await agent.pool().renewUser(request.message) }
    }

    func revokeUser(
        request: ServerRequest<Surplus_V1_UserRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_UserReply> {
        try await answer { try await agent.pool().revokeUser(request.message.user) }
    }

    func listAudit(
        request: ServerRequest<Surplus_V1_ListAuditRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListAuditReply> {
        try await answer { try await agent.audit(request.message) }
    }

    func answer<Message>(_ body: () async throws -> Message) async throws -> ServerResponse<Message> {
        do { return ServerResponse(message: try await body()) } catch { throw RPCError(explaining: error) }
    }

    /// The same for an answer in many messages: `body` gets what sends the next.
    func stream<Message: Sendable>(
        _ body: @escaping @Sendable (@escaping @Sendable (Message) async throws -> Void) async throws -> Void
    ) -> StreamingServerResponse<Message> {
        StreamingServerResponse { writer in
            do { try await body { try await writer.write($0) } } catch { throw RPCError(explaining: error) }
            return [:]
        }
    }
}
