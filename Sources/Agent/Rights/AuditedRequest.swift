import Resources
import Wire

/// A request that can say in a few words what it is about. Secrets are no part of that: neither tokens nor what a program
/// is called with.
protocol AuditedRequest {
    var auditedObject: String { get }
}

/// Tells how far a call is, whose outcome is not known before the last of these.
protocol WorkStep: Sendable {
    /// Why a part of the work was not done, where this step says so.
    var refusalReason: String? { get }
}

extension Surplus_V1_VolumeStep: WorkStep {
    var refusalReason: String? { outcome.hasRefusal ? "\(name): \(outcome.refusal.reason)" : nil }
}

extension Surplus_V1_NettingStep: WorkStep { var refusalReason: String? { nil } }
extension Surplus_V1_ReconciliationStep: WorkStep {
    var refusalReason: String? { outcome.failure.isEmpty ? nil : "\(peerName): \(outcome.failure)" }
}

extension Surplus_V1_LeaseRequest: AuditedRequest {
    var auditedObject: String {
        var words =
            amounts.diskBytes > 0
            ? "\(Bytes(amounts.diskBytes).shortText) of disk"
            : "\(Millicores(amounts.cpuMillicores).shortText), \(Bytes(amounts.memoryBytes).shortText)"
        if nodes > 1 { words += ", \(nodes) nodes" }
        if startAt > 0 { words += ", from \(CivilDate(Timestamp(microseconds: startAt)).rfc3339Seconds)" }
        return on.isEmpty ? words : "\(words) on \(on.prefix(4).joined(separator: ", "))"
    }
}

extension Surplus_V1_LeaseRef: AuditedRequest { var auditedObject: String { lease } }
extension Surplus_V1_RenewLeaseRequest: AuditedRequest { var auditedObject: String { lease } }
extension Surplus_V1_ReclaimLeaseRequest: AuditedRequest { var auditedObject: String { lease.isEmpty ? "all" : lease } }

extension Surplus_V1_SubmitPart: AuditedRequest {
    var auditedObject: String {
        submit.lease.isEmpty ? submit.spec.program : "\(submit.spec.program) under \(submit.lease)"
    }
}

extension Surplus_V1_JobInput: AuditedRequest { var auditedObject: String { attach.job } }
extension Surplus_V1_GetJobRequest: AuditedRequest { var auditedObject: String { job } }

extension Surplus_V1_ApplyPolicyRequest: AuditedRequest {
    var auditedObject: String {
        hasSource ? source.files.first?.name ?? "" : "the configured one"
    }
}

extension Surplus_V1_PauseRequest: AuditedRequest {
    var auditedObject: String { (dryRun ? "only to see" : "") + (now ? " at once" : "") }
}
extension Surplus_V1_ArchiveLedgerRequest: AuditedRequest { var auditedObject: String { directory } }
extension Surplus_V1_LedgerDirectory: AuditedRequest { var auditedObject: String { directory } }
extension Surplus_V1_InitPoolRequest: AuditedRequest { var auditedObject: String { name } }
extension Surplus_V1_JoinPoolRequest: AuditedRequest { var auditedObject: String { address } }
extension Surplus_V1_LeavePoolRequest: AuditedRequest { var auditedObject: String { force ? "by force" : "" } }
extension Surplus_V1_NodeRef: AuditedRequest { var auditedObject: String { node } }
extension Surplus_V1_SetNodeRoleRequest: AuditedRequest { var auditedObject: String { "\(node): \(role)" } }
extension Surplus_V1_AddUserRequest: AuditedRequest { var auditedObject: String { "\(name): \(role)" } }
extension Surplus_V1_SetUserRoleRequest: AuditedRequest { var auditedObject: String { "\(user): \(role)" } }
extension Surplus_V1_RenewUserRequest: AuditedRequest { var auditedObject: String { user } }
extension Surplus_V1_UserRef: AuditedRequest { var auditedObject: String { user } }

extension Surplus_V1_NetCreditsRequest: AuditedRequest { var auditedObject: String { dryRun ? "only to see" : "" } }
extension Surplus_V1_ReconcileLedgerRequest: AuditedRequest { var auditedObject: String { peer.isEmpty ? "all peers" : peer } }

extension Surplus_V1_OpenDisputeRequest: AuditedRequest {
    var auditedObject: String { "\(receipt): \(Self.words("disputed", amountMicrocredits))" }
}

extension Surplus_V1_ResolveDisputeRequest: AuditedRequest {
    var auditedObject: String {
        "\(dispute): \(Surplus_V1_OpenDisputeRequest.words(withdraw ? "withdrawn" : "accepted", amountMicrocredits))"
    }
}

extension Surplus_V1_OpenDisputeRequest {
    /// `accepted`, or `accepted, 0.5 credits` where it was a part.
    fileprivate static func words(_ verb: String, _ microcredits: Int64) -> String {
        microcredits == 0 ? verb : "\(verb), \(Microcredits(microcredits).text)"
    }
}

extension Surplus_V1_CreateVolumeRequest: AuditedRequest {
    var auditedObject: String { "\(name): \(Bytes(sizeBytes).shortText), \(copies) copies" }
}

extension Surplus_V1_ResizeVolumeRequest: AuditedRequest {
    var auditedObject: String { "\(volume): \(Bytes(sizeBytes).shortText)" }
}

extension Surplus_V1_EvacuateVolumeRequest: AuditedRequest {
    var auditedObject: String { "\(volume.isEmpty ? "all volumes" : volume) off \(node)" }
}

extension Surplus_V1_ScrubVolumeRequest: AuditedRequest { var auditedObject: String { volume } }
extension Surplus_V1_CheckVolumeRequest: AuditedRequest { var auditedObject: String { volume } }
extension Surplus_V1_TakeOverVolumeRequest: AuditedRequest { var auditedObject: String { volume } }
extension Surplus_V1_DeleteVolumeRequest: AuditedRequest { var auditedObject: String { volume } }
extension Surplus_V1_PrepareMountRequest: AuditedRequest {
    var auditedObject: String { volume + (readOnly ? ", read-only" : "") }
}

extension Surplus_V1_AdjustObligationRequest: AuditedRequest {
    var auditedObject: String {
        switch wish {
        case .cancel(let usage):
            let part = Usage(
                cpu: CoreMicroseconds(usage.cpuCoreMicroseconds), memory: MiBSeconds(usage.memoryMibSeconds),
                disk: MiBSeconds(usage.diskMibSeconds))
            return "\(obligation): cancelled" + (part == .zero ? "" : ", \(Charge(inKind: part).text)")
        case .postponeUntil(let time):
            return "\(obligation): postponed to \(CivilDate(Timestamp(microseconds: time)).rfc3339Seconds)"
        case .offsetAgainst(let other): return "\(obligation): offset" + (other == "best" ? "" : " against \(other)")
        case nil: return obligation
        }
    }
}
