/// The kinds of events there are. Docs/events.md says when each of them happens.
package enum EventKinds {
    /// Those that the decision code tells.
    package static let decided = [
        "agreement.accepted", "agreement.declined", "clock.set", "decay.agreed", "decay.proposed", "decay.refused",
        "dispute.opened", "dispute.proposed", "dispute.reduced", "dispute.refused", "dispute.resolved", "lease.active",
        "lease.begun", "lease.closed", "lease.granted", "lease.not-renewed", "lease.promised", "lease.reclaiming",
        "lease.renewed", "lease.resized", "lease.settled", "lease.unanswered", "ledger.checkpoint", "ledger.differs",
        "lending.hindered", "lending.paused", "lending.possible", "lending.resumed", "lending.started", "lending.stopped",
        "negotiation.countered", "negotiation.expired", "negotiation.offered", "negotiation.rejected", "negotiation.withdrawn",
        "netting.aborted", "netting.committed", "netting.doubt", "netting.prepared", "netting.proposed", "netting.refused",
        "netting.searched", "obligation.adjusted", "obligation.declined", "obligation.disputed", "obligation.opened",
        "obligation.proposed", "obligation.redeemed", "obligation.refused", "obligation.settled", "policy.adopted",
        "policy.threshold", "receipt.disputed", "receipt.refused", "receipt.settled", "request.abandoned", "request.doubt",
        "request.failed", "request.refused", "rule.acquired", "rule.asked", "rule.closed", "rule.opened", "rule.short",
        "swap.settled", "transfer.expired",
    ]

    /// Those of what a node is asked for and does beside its decisions.
    package static let others = [
        "guest.dry-run", "guest.ending", "guest.frozen", "guest.relieved", "guest.throttled", "job.cancelled", "job.discarded",
        "job.ended", "job.failed", "job.finished", "job.hosted", "job.interrupted", "job.outputs", "job.placed", "job.refused",
        "job.saved", "job.staged", "job.started", "job.submitted", "job.unsaved", "ledger.archived", "ledger.mounted",
        "ledger.restored", "ledger.unmounted", "ledger.unread", "member.active", "member.joined", "member.left",
        "member.revoked", "policy.changed", "pool.founded", "pool.joined", "request.opened", "token.created", "user.active",
        "user.revoked", "volume.borrowed", "volume.copied", "volume.created", "volume.damaged", "volume.deleted",
        "volume.deposed",
        "volume.evacuated", "volume.failed", "volume.leads", "volume.no-room", "volume.not-copied", "volume.replaced",
        "volume.resized", "volume.unreachable",
    ]

    package static let all = (decided + others).sorted()

    /// What there is a `*` for: the words before the first point.
    private static let subjects = Set(all.map { String($0.prefix { $0 != "." }) }.map { $0 + ".*" }).sorted()

    /// Why a pattern is of no use: it matches none, and what may have been meant; `nil` where it matches some.
    package static func fault(of pattern: EventPattern) -> String? {
        guard !all.contains(where: pattern.matches) else { return nil }
        return "matches no kind of event" + hint(for: pattern.description)
    }

    private static func hint(for text: String) -> String {
        let subject = text.prefix { $0 != "." } + ".*"
        if !text.contains(".") || text.hasSuffix(".*"), let nearest = Spelling.nearest(to: String(subject), among: subjects) {
            return "; did you mean '\(nearest)'?"
        }
        if let nearest = Spelling.nearest(to: text, among: all) { return "; did you mean '\(nearest)'?" }
        let like = all.filter { $0.hasPrefix(subject.dropLast()) || $0.hasSuffix(".\(text)") }
        return like.isEmpty ? "; there are \(subjects.joined(separator: ", "))" : "; similar are \(like.joined(separator: ", "))"
    }
}
