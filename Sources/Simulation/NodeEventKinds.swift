/// The kinds of events that the decision code tells.
enum NodeEventKinds {
    static let all = [
        "agreement.accepted", "agreement.declined", "clock.set", "decay.agreed", "decay.proposed", "decay.refused",
        "dispute.opened", "dispute.proposed", "dispute.reduced", "dispute.refused", "dispute.resolved", "lease.active",
        "lease.begun", "lease.closed", "lease.granted",
        "lease.not-renewed", "lease.promised", "lease.reclaiming", "lease.renewed", "lease.resized", "lease.settled",
        "lease.unanswered", "ledger.checkpoint", "ledger.differs", "lending.hindered", "lending.paused", "lending.possible",
        "lending.resumed",
        "lending.started",
        "lending.stopped", "negotiation.countered", "negotiation.expired", "negotiation.offered", "negotiation.rejected",
        "negotiation.withdrawn", "netting.aborted", "netting.committed", "netting.doubt", "netting.prepared", "netting.proposed",
        "netting.refused", "netting.searched", "obligation.adjusted", "obligation.declined", "obligation.disputed",
        "obligation.opened", "obligation.proposed", "obligation.redeemed", "obligation.refused", "obligation.settled",
        "policy.adopted",
        "policy.threshold",
        "receipt.disputed", "receipt.refused", "receipt.settled",
        "request.abandoned", "request.doubt", "request.failed", "request.refused",
        "rule.acquired", "rule.asked", "rule.closed", "rule.opened", "rule.short", "swap.settled", "transfer.expired",
    ]
}
