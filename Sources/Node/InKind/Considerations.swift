import Bookkeeping
import Policy
import Resources
import Trading

// What is owed in kind: who may owe how much, what leases make of it and take off it.

extension Node {
    // MARK: Limits

    /// The most that a peer may owe this node of a unit.
    func limit(of peer: NodeID, in unit: LedgerUnit) -> LedgerAmount {
        func most(_ rule: ResourceRule?) -> LedgerAmount {
            guard let inKind = rule?.inKind, inKind.from.admits(borrower(peer)) else { return .zero }
            return LedgerAmount(inKind.most)
        }
        return switch unit {
        case .credit: LedgerAmount(creditLimit(of: borrower(peer)))
        case .coreTime: most(policy.cpu)
        case .memoryTime: most(policy.memory)
        case .diskTime: most(policy.disk)
        case .bytesMoved: .zero
        }
    }

    /// The most that this node is willing to owe any one peer of a unit.
    func ownCeiling(in unit: LedgerUnit) -> LedgerAmount {
        unit == .credit ? LedgerAmount(policy.credit.owes) : Charge(inKind: policy.borrow.owesInKind)[unit]
    }

    /// The trust line with a peer in one unit, opened by the policy's limits at first contact.
    mutating func trustLine(with peer: NodeID, in unit: LedgerUnit, _ step: inout Step) -> TrustLine {
        if let line = books.trustLine(with: peer, in: unit) { return line }
        let line = TrustLine(peer: peer, unit: unit, granted: limit(of: peer, in: unit), ownCeiling: ownCeiling(in: unit))
        books.set(line)
        step.record(.trustLine(line))
        return line
    }

    /// Opens the lines that a lease under these terms needs.
    mutating func openLines(with peer: NodeID, for terms: Terms, _ step: inout Step) {
        _ = trustLine(with: peer, in: .credit, &step)
        for part in terms.ceiling.parts { _ = trustLine(with: peer, in: part.unit, &step) }
    }

    /// How much more a peer may come to owe this node in kind.
    private func headroomInKind(of peer: NodeID) -> Usage {
        func room(_ unit: LedgerUnit) -> LedgerAmount {
            guard books.trustLine(with: peer, in: unit) != nil else { return limit(of: peer, in: unit) }
            return books.headroom(toOweBy: peer, in: unit)
        }
        return Usage(
            cpu: CoreMicroseconds(room(.coreTime)), memory: MiBSeconds(room(.memoryTime)), disk: MiBSeconds(room(.diskTime)))
    }

    // MARK: Negotiation

    /// What a borrower can give in kind, as the policy is to judge it.
    func inKindStanding(towards borrower: Borrower, for ask: Ask, at now: Moment) -> InKindStanding {
        var standing = InKindStanding(now: now.utc, headroom: headroomInKind(of: borrower.id))
        if case .redemption(let id) = ask.consideration { standing.redeemable = redeemable(id, by: borrower.id) }
        return standing
    }

    /// What is left of an obligation for further leases; `nil` when this node owes no such thing to who asks.
    private func redeemable(_ id: ObligationID, by creditor: NodeID) -> Redeemable? {
        guard let obligation = obligations[id], obligation.creditor == creditor, obligation.debtor == self.id else { return nil }
        return Redeemable(
            left: untaken(of: obligation), prices: obligation.prices, from: obligation.deferral.from,
            until: obligation.deferral.until)
    }

    /// What open leases and binding offers may still use of an obligation.
    func taken(of id: ObligationID) -> Usage {
        let leased = redemptions(of: id).reduce(Usage.zero) { sum, entry in sum + reserved(for: entry).inKind }
        return holds.values.reduce(leased) { sum, hold in
            hold.terms.consideration == .redemption(of: id) ? sum + hold.terms.ceiling.inKind : sum
        }
    }

    /// What is left of an obligation beside that.
    private func untaken(of obligation: Obligation) -> Usage { (obligation.left - taken(of: obligation.id)).clampedToZero }

    /// The unsettled leases that use an obligation up, on either side.
    func redemptions(of id: ObligationID) -> [LeaseEntry] {
        leases.unsettled.values.filter { $0.lease.terms.consideration == .redemption(of: id) }
    }

    /// A creditor asked in the window for what it is owed, and does not get it.
    mutating func noteRefusedRedemption(_ consideration: Consideration?, of peer: NodeID, _ refusal: Refusal, _ step: inout Step)
    {
        guard case .redemption(let id) = consideration, var obligation = obligations[id], obligation.creditor == peer,
            !obligation.wasRefused, Self.isOwnFault(refusal),
            (obligation.deferral.from..<obligation.deferral.until).contains(step.now.utc)
        else { return }
        obligation.noteRefusal()
        keep(obligation, &step)
        step.tell(
            "obligation.refused", [id, peer], "\(name(of: peer)) asked for what it is owed and did not get it: \(refusal.reason)")
    }

    /// This node asked in the window for what it is owed, and did not get it.
    mutating func noteMissedRedemption(of request: BorrowRequest, _ step: inout Step) {
        guard let id = request.want.means?.redemption, var obligation = obligations[id], obligation.creditor == self.id,
            !obligation.wasRefused, (obligation.deferral.from..<obligation.deferral.until).contains(step.now.utc),
            let talk = request.talks.first(where: { $0.peer == obligation.debtor })
        else { return }
        switch talk.state {
        case .rejected(let refusal) where Self.isOwnFault(refusal): break
        case .silent: break
        default: return
        }
        obligation.noteRefusal()
        keep(obligation, &step)
        step.tell("obligation.refused", [id, obligation.debtor], "\(name(of: obligation.debtor)) does not give what it owes")
    }

    /// Whether a refusal is for want of what is owed, as opposed to an ask that could not be met by anybody.
    private static func isOwnFault(_ refusal: Refusal) -> Bool {
        !["consideration", "request", "proposal", "start", "term", "negotiations"].contains(refusal.term)
    }

    /// Why what is owed does not last as long as is wanted.
    func redemptionObjection(to terms: Terms, for want: Want, at now: Moment) -> Refusal? {
        guard let lasting = want.lasting, case .redemption(let id) = terms.consideration, let obligation = obligations[id] else {
            return nil
        }
        let left = untaken(of: obligation)
        let window = obligation.deferral.until - (now.utc + max(.zero, terms.wait(at: now.utc)))
        let longest = min(left.lasting(terms.amounts), window)
        guard longest < lasting else { return nil }
        let whole = longest.wholeSeconds
        let cause =
            window == longest
            ? "\(id) falls due at \(CivilDate(obligation.deferral.until).rfc3339Seconds), before \(lasting.text) are over"
            : "\(id) has \(left.text) left, used up in \(longest.shortText) with \(terms.amounts.text), before \(lasting.text) are over"
        guard whole > .zero else {
            return Refusal(term: "term", reason: cause + ": ask for less \(terms.amounts.options), or leave --for out")
        }
        var shorter = terms
        shorter.term = whole
        let remedy = window == longest ? "ask for" : "ask for less \(terms.amounts.options), or for"
        return Refusal(
            term: "term", reason: "\(cause): \(remedy) no more than --for \(whole.text.filter { $0 != " " })",
            alternatives: [Alternative(.less, shorter)])
    }

    /// For how long a lease that uses up what is owed can be renewed at most beyond its term; `nil` for all others.
    package func renewableSpan(of lease: Lease, at now: Moment) -> Microseconds? {
        guard lease.isOpen, case .redemption(let id) = lease.terms.consideration else { return nil }
        guard let obligation = obligations[id] else { return .zero }
        let window = obligation.deferral.until - (now.utc + lease.ends.remaining(at: now))
        return max(.zero, min(untaken(of: obligation).lasting(lease.terms.amounts), window))
    }

    /// Why a term cannot be lengthened for what is given in return.
    func considerationObjection(to renewal: Renewal, of lease: Lease, at now: Moment) -> Refusal? {
        let ends = now.utc + (lease.ends.remaining(at: now) + renewal.span)
        switch lease.terms.consideration {
        case nil: return nil
        case .swap: return Self.swapIsNotRenewed
        case .deferred(let deferral):
            return ends >= deferral.until ? Self.isDueTooEarly(deferral.until) : nil
        case .redemption(let id):
            guard let obligation = obligations[id] else {
                return Refusal(term: "consideration", reason: "nothing is owed any more")
            }
            guard ends <= obligation.deferral.until else { return Self.isDueTooEarly(obligation.deferral.until) }
            let usage = lease.terms.tariff.ceiling(for: lease.terms.amounts, term: renewal.span).inKind
            guard !(usage + taken(of: id)).fits(in: obligation.left) else { return nil }
            let free = untaken(of: obligation)
            return Refusal(
                term: "consideration",
                reason:
                    "\(renewal.span.text) more may use \(usage.text), and \(free.text) of \(id) is left beside what leases may use"
            )
        }
    }

    private static func isDueTooEarly(_ due: Timestamp) -> Refusal {
        Refusal(
            term: "consideration",
            reason:
                "what is owed falls due at \(CivilDate(due).rfc3339Seconds), before the term would be over: renew for less (--for)"
        )
    }

    static let swapIsNotRenewed = Refusal(
        term: "consideration", reason: "a swap lasts as long as was agreed on; ask for another one")

    // MARK: Leases

    /// What comes of an agreement under which something is deferred.
    mutating func openObligation(of agreement: Agreement, _ step: inout Step) {
        guard case .deferred(let deferral) = agreement.terms.consideration, let id = agreement.obligation, obligations[id] == nil
        else { return }
        let obligation = Obligation(
            id: id, agreement: agreement.id, lease: agreement.lease, debtor: agreement.borrower, creditor: agreement.lender,
            deferral: deferral, prices: agreement.terms.prices)
        keep(obligation, &step)
        let peer = agreement.borrower == self.id ? agreement.lender : agreement.borrower
        step.tell(
            "obligation.opened", [id, agreement.lease, agreement.id, peer],
            agreement.borrower == self.id
                ? "what is used is owed to \(name(of: peer)) in kind" : "\(name(of: peer)) owes what it uses in kind",
            deferral.details)
    }

    /// What both have signed that a lease came to in kind.
    mutating func settleInKind(_ usage: Usage, of lease: Lease, _ step: inout Step) {
        guard usage != .zero, let id = obligation(of: lease), var obligation = obligations[id] else { return }
        #if Defects
            if Defect.active == .redemptionForgotten, obligation.lease != lease.id, lease.role == .borrower { return }
        #endif
        guard obligation.lease == lease.id else { return redeem(usage, of: id, by: lease.id, of: lease.peer, &step) }
        obligation.accrue(usage)
        keep(obligation, &step)
    }

    /// What was owed in kind was used by a lease.
    mutating func redeem(_ usage: Usage, of id: ObligationID, by lease: LeaseID, of peer: NodeID, _ step: inout Step) {
        guard usage != .zero, var obligation = obligations[id] else { return }
        let worth = obligation.prices.cost(of: usage.limited(to: obligation.left))
        obligation.discharge(usage, by: .redeemed)
        creditHonour(of: peer, { $0.redeemed += worth }, &step)
        step.tell(
            "obligation.redeemed", [id, lease, peer], "\(usage.text) of it was used: \(obligation.left.text) is left",
            obligation.details)
        keep(obligation, &step)
    }

    /// Nothing more comes of a lease whose last receipt was written off, but for what was accepted of that.
    mutating func closeInKind(ofWrittenOff lease: LeaseID, adding usage: Usage = .zero, _ step: inout Step) {
        guard var obligation = obligations.unsettled.values.first(where: { $0.lease == lease }) else { return }
        obligation.accrue(usage)
        obligation.stopAccruing()
        keep(obligation, &step)
        tellIfSettled(obligation, &step)
    }

    /// Nothing more comes of a lease.
    mutating func closeInKind(of lease: Lease, _ step: inout Step) {
        guard let id = obligation(of: lease), var obligation = obligations[id] else { return }
        if obligation.lease == lease.id { obligation.stopAccruing() }
        keep(obligation, &step)
        tellIfSettled(obligation, &step)
    }

    func tellIfSettled(_ obligation: Obligation, _ step: inout Step) {
        guard obligation.isSettled else { return }
        let peer = obligation.creditor == id ? obligation.debtor : obligation.creditor
        step.tell("obligation.settled", [obligation.id, peer], "nothing of it is owed any more", obligation.details)
    }

    /// The obligation that a lease adds to or takes from.
    private func obligation(of lease: Lease) -> ObligationID? {
        if case .redemption(let id) = lease.terms.consideration { return id }
        return obligations.unsettled.values.first { $0.lease == lease.id }?.id
    }

    /// Stores an obligation and records it. One that is settled is still known, to answer late messages, for as long as a lease.
    mutating func keep(_ obligation: Obligation, _ step: inout Step) {
        var obligation = obligation
        obligation.noteSettling(at: step.now.utc)
        obligations[obligation.id] = obligation
        step.record(.obligation(obligation))
    }
}

extension Deferral {
    var details: [Event.Detail] {
        [
            Event.Detail("share_cpu", share.cpu.text), Event.Detail("share_memory", share.memory.text),
            Event.Detail("rate_cpu", rate.cpu.text), Event.Detail("rate_memory", rate.memory.text),
        ]
            + (share.disk == .zero
                ? [] : [Event.Detail("share_disk", share.disk.text), Event.Detail("rate_disk", rate.disk.text)])
            + [
                Event.Detail("due_from", CivilDate(from).rfc3339Seconds),
                Event.Detail("due_until", CivilDate(until).rfc3339Seconds),
                Event.Detail("premium", premium.text),
            ]
    }
}

extension Obligation {
    /// What came of its lease, what of that is left, and what came off it, by how.
    var details: [Event.Detail] {
        [Event.Detail("accrued", accrued.text), Event.Detail("left", left.text)]
            + [("redeemed", redeemed), ("converted", converted), ("cancelled", cancelled), ("offset", offset)].filter {
                $0.1 != .zero
            }.map { Event.Detail($0.0, $0.1.text) }
    }
}
