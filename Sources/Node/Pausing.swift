import Bookkeeping
import Resources
import Trading

/// The owner's word that nothing is lent for now.
package struct Pause: Hashable, Codable, Sendable {
    /// The user who said so.
    package let by: String
    package let since: Timestamp
    /// When it ends by itself; `nil` when somebody has to end it.
    package let until: Deadline?
    /// Whether leases end without waiting for their notice, which pays for it.
    package let atOnce: Bool

    /// Under this name it is kept among the settings.
    package static let key = "pause"
    package static let reason = "its owner has paused lending"

    /// What those are told who ask meanwhile.
    func refusal(at now: Moment) -> Refusal {
        Refusal(term: "lending", reason: Self.reason, retryAfter: until.map { max(.zero, $0.remaining(at: now)) })
    }
}

// The owner stops lending for a while, and takes leases back.

extension Node {
    /// Why nothing is offered now, be it the owner's word or what the machine lacks; `nil` when offers can be made.
    package func obstacle(at now: Moment) -> Refusal? { pause?.refusal(at: now) ?? hindrance }

    /// Begins a pause, or puts another in its place.
    mutating func pauseLending(by user: String, for span: Microseconds?, atOnce: Bool, _ step: inout Step) {
        let pause = Pause(
            by: user, since: step.now.utc, until: span.map { Deadline($0, after: step.now) }, atOnce: atOnce)
        self.pause = pause
        step.record(.state(.setting, id: Pause.key, pause))
        step.tell(
            "lending.paused", [], "\(user) paused lending" + (span.map { " for \($0.text)" } ?? " until it is resumed"))
        for entry in leases.unsettled.values where entry.lease.role == .lender && entry.lease.isOpen {
            reclaim(entry.id, atOnce: atOnce, reason: Pause.reason, &step)
        }
    }

    /// Ends a pause. Leases that were taken back for it stay taken back.
    mutating func resumeLending(by user: String?, _ step: inout Step) {
        guard pause != nil else { return }
        pause = nil
        step.record(.state(.setting, id: Pause.key, nil))
        step.tell("lending.resumed", [], user.map { "\($0) resumed lending" } ?? "the pause of lending is over")
    }

    /// An offer that was made before the pause binds; what comes of it is taken back at once.
    mutating func holdToPause(_ id: LeaseID, _ step: inout Step) {
        guard let pause else { return }
        reclaim(id, atOnce: pause.atOnce, reason: Pause.reason, &step)
    }

    mutating func endPauseInTime(_ step: inout Step) {
        if pause?.until?.hasPassed(at: step.now) == true { resumeLending(by: nil, &step) }
    }

    // MARK: Taking back

    /// A lent lease as it would be once the owner took it back now; `nil` when it cannot be.
    package func takenBack(_ id: LeaseID, atOnce: Bool, reason: String, at now: Moment) -> LeaseEntry? {
        guard var entry = leases[id], entry.lease.role == .lender, entry.lease.isOpen else { return nil }
        _ = entry.takeBack(atOnce: atOnce, reason: reason, at: now)
        if atOnce { _ = entry.lease.close(.revoked, reason: reason, at: now) }
        return entry
    }
}

extension LeaseEntry {
    /// Gives notice to the borrower; `atOnce` states what is paid for the part of it that is not kept.
    ///
    /// - Returns: whether that was the first notice.
    mutating func takeBack(atOnce: Bool, reason: String, at now: Moment) -> Bool {
        #if Defects
            let isCut = Defect.active == .firmNoticeCut && lease.terms.notice == .firm
            let notice = isCut ? NoticeClass.standard.notice : lease.terms.notice.notice
        #else
            let notice = lease.terms.notice.notice
        #endif
        let isFirst = lease.reclaim(notice: notice, reason: reason, at: now)
        if atOnce {
            // An early end pays for what is left of the notice, at the price of full use.
            let unexpired = max(.zero, lease.reclaimBy?.remaining(at: now) ?? .zero)
            compensation = lease.terms.prices.cost(of: Usage(of: lease.amounts, for: unexpired))
        }
        return isFirst
    }
}
