import GRPCCore
import Resources
import Wire

/// What a caller may be allowed to do.
enum Right: String, Hashable, Sendable, CaseIterable {
    /// Read what this node knows of itself and its pool.
    case look
    /// Borrow for oneself, and run jobs under what one borrowed.
    case borrow
    /// Read who changed what.
    case audit
    /// Say who belongs to the pool, and see to what others borrowed and run.
    case operate
    /// Decide about this node.
    case own

    /// Whether calls that need the right change something, and so are recorded in the audit log.
    var isForChanges: Bool { self != .look && self != .audit }
}

extension Role {
    /// What each role may do.
    var rights: Set<Right> {
        switch self {
        case .viewer: [.look]
        case .borrower: [.look, .borrow]
        case .operator: [.look, .borrow, .audit, .operate]
        case .owner: [.look, .borrow, .audit, .operate, .own]
        }
    }
}

extension Right {
    /// The right that each call of the control API needs; what is not here is refused to everyone. Whose lease or job it is
    /// about is looked at where that is known.
    static let needed: [MethodDescriptor: Right] = {
        typealias Method = Surplus_V1_Control.Method
        return [
            Method.GetStatus.descriptor: .look,
            Method.ListNodes.descriptor: .look,
            Method.ListOffers.descriptor: .look,
            Method.GetCredits.descriptor: .look,
            Method.NetCredits.descriptor: .own,
            Method.ReconcileLedger.descriptor: .own,
            Method.VerifyLedger.descriptor: .look,
            Method.ListObligations.descriptor: .look,
            Method.AdjustObligation.descriptor: .own,
            Method.ListDisputes.descriptor: .look,
            Method.OpenDispute.descriptor: .own,
            Method.ResolveDispute.descriptor: .own,
            Method.StreamEntries.descriptor: .look,
            Method.GetLedgerStatus.descriptor: .look,
            Method.ArchiveLedger.descriptor: .own,
            Method.MountLedger.descriptor: .own,
            Method.UnmountLedger.descriptor: .own,
            Method.StreamEvents.descriptor: .look,
            Method.Explain.descriptor: .look,

            Method.RequestLease.descriptor: .borrow,
            Method.ListLeases.descriptor: .look,
            Method.GetLease.descriptor: .look,
            Method.RenewLease.descriptor: .borrow,
            Method.ReleaseLease.descriptor: .borrow,
            Method.ReclaimLease.descriptor: .own,

            Method.SubmitJob.descriptor: .borrow,
            Method.AttachJob.descriptor: .borrow,
            Method.ListJobs.descriptor: .look,
            Method.GetJob.descriptor: .look,
            Method.CancelJob.descriptor: .borrow,
            Method.FetchOutputs.descriptor: .borrow,

            Method.GetUsage.descriptor: .look,
            Method.StreamChargeback.descriptor: .look,
            Method.StreamTrades.descriptor: .look,
            Method.GetPolicy.descriptor: .look,
            Method.ExplainPolicy.descriptor: .look,
            Method.ApplyPolicy.descriptor: .own,
            Method.PreviewPolicy.descriptor: .look,

            Method.PauseLending.descriptor: .own,
            Method.ResumeLending.descriptor: .own,
            Method.Diagnose.descriptor: .look,
            Method.GetEnforcer.descriptor: .look,
            Method.ListMoves.descriptor: .look,
            Method.StreamLog.descriptor: .audit,
            Method.PreviewLease.descriptor: .look,

            Method.InitPool.descriptor: .own,
            Method.JoinPool.descriptor: .own,
            Method.LeavePool.descriptor: .own,
            Method.CreateToken.descriptor: .operate,
            Method.RevokeNode.descriptor: .operate,
            Method.GrantIssuer.descriptor: .operate,
            Method.SetNodeRole.descriptor: .operate,

            Method.AddUser.descriptor: .operate,
            Method.ListUsers.descriptor: .look,
            Method.SetUserRole.descriptor: .operate,
            Method.RenewUser.descriptor: .operate,
            Method.RevokeUser.descriptor: .operate,
            Method.ListAudit.descriptor: .audit,

            Method.ListVolumes.descriptor: .look,
            Method.GetVolume.descriptor: .look,
            Method.CreateVolume.descriptor: .operate,
            Method.PlanVolume.descriptor: .look,
            Method.ResizeVolume.descriptor: .operate,
            Method.PlanResize.descriptor: .look,
            Method.EvacuateVolume.descriptor: .operate,
            Method.PlanEvacuation.descriptor: .look,
            Method.ScrubVolume.descriptor: .operate,
            Method.CheckVolume.descriptor: .operate,
            Method.TakeOverVolume.descriptor: .operate,
            Method.DeleteVolume.descriptor: .operate,
            Method.PrepareMount.descriptor: .borrow,
            Method.LocateVolume.descriptor: .look,
        ]
    }()

    /// How somebody gets the right.
    var remedy: String {
        switch self {
        case .look: "an owner of this node gives a role in its configuration ('rights: viewer: ...')"
        case .borrow: "an operator of the pool gives it with the role borrower, or an owner of this node in its configuration"
        case .audit, .operate: "operators of the pool and owners of this node have it; ask one of them"
        case .own:
            "call on the node itself as root or as the user that runs the agent, or be named there under 'rights: owner'"
        }
    }
}
