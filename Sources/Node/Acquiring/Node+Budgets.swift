import Bookkeeping
import Policy
import Resources
import Trading

// What rules may ask for: by what means, from whom, and for how long their budgets last.

extension Node {
    /// What is owed to this node is asked of its debtors, and of so many at most in one time of asking.
    private static let mostDebtors = 8

    // MARK: Ways

    /// What is tried to get a lease, in this order.
    func attempts(of rule: AcquisitionRule, at now: Moment) -> [Acquisition.Attempt] {
        rule.pays.flatMap { payment -> [Acquisition.Attempt] in
            switch payment {
            case .obligations: redeemable(by: rule, at: now).prefix(Self.mostDebtors).map { .redeeming($0.id) }
            case .deferred: [.deferring]
            case .credits: [.paying]
            }
        }
    }

    /// What is owed to this node and can be asked for now, what falls due first in front.
    private func redeemable(by rule: AcquisitionRule, at now: Moment) -> [Obligation] {
        obligations.unsettled.values.filter { obligation in
            let left = obligation.left - taken(of: obligation.id)
            return obligation.creditor == id && !obligation.isAccruing && rule.from.admits(borrower(obligation.debtor))
                && obligation.deferral.from <= now.utc && obligation.deferral.until > now.utc + AcquisitionRule.shortestTerm
                && Usage(of: rule.least, for: AcquisitionRule.shortestTerm).fits(in: left)
        }.sorted { ($0.deferral.until, $0.id) < ($1.deferral.until, $1.id) }
    }

    /// What is asked for, and of whom. Nobody is asked who lends something for the rule already.
    func wish(
        of rule: AcquisitionRule, by attempt: Acquisition.Attempt, at now: Moment
    ) throws(Refusal) -> (want: Want, peers: [NodeID]) {
        let lending = Set(leases.unsettled.values.filter { $0.lease.isOpen && $0.lease.rule == rule.name }.map(\.lease.peer))
        var want = Want(
            amounts: rule.amounts, least: rule.least, term: rule.term,
            maxPrices: rule.maximumPrices ?? policy.borrow.maximumPrices, notice: rule.leastNotice ?? .standard,
            leastNotice: rule.leastNotice, user: rule.user, renewsItself: true)
        want.rule = rule.name
        var peers = acquisitions.peers.filter { rule.from.admits(borrower($0)) }
        switch attempt {
        case .redeeming(let id):
            guard let obligation = obligations[id] else { throw Refusal(term: "rule", reason: "nothing is owed any more") }
            peers = [obligation.debtor]
            want.means = Means(redemption: id)
        case .deferring: want.means = Means(credits: false, deferral: deferral(at: now))
        case .paying:
            guard let term = affordable(rule.term, Tariff(want.maxPrices, nil), want.amounts, by: rule, at: now) else {
                throw Refusal(term: "budget", reason: overspent(rule))
            }
            want.term = term
        }
        peers.removeAll { lending.contains($0) }
        guard !peers.isEmpty else {
            throw Refusal(term: "peers", reason: "nobody can be asked who does not lend something for it already")
        }
        return (want, peers)
    }

    private func deferral(at now: Moment) -> Deferral {
        Deferral(
            share: ResourceShares(.whole), rate: ResourceShares(.whole), from: now.utc + Deferral.usual.from,
            until: now.utc + Deferral.usual.until, premium: Deferral.usual.premium)
    }

    // MARK: Budgets

    /// What leases of a rule have cost of late, what is reserved for them, and what more may be reserved.
    package func expenses(of rule: AcquisitionRule, at now: Moment) -> (
        paid: Microcredits, reserved: Microcredits, left: Microcredits
    ) {
        guard let budget = rule.budget else { return (.zero, committed(by: rule), .zero) }
        let paid = acquisitions.spending[rule.name]?.sum(within: budget.period.span, before: now.utc) ?? .zero
        let reserved = committed(by: rule)
        let left = min(budget.credits - paid, budget.atOnce ?? budget.credits) - reserved
        return (paid, reserved, max(.zero, left))
    }

    /// What leases of a rule, and offers that it has accepted, may still come to in credits.
    private func committed(by rule: AcquisitionRule) -> Microcredits {
        #if Defects
            if Defect.active == .budgetForgetsReservations { return .zero }
        #endif
        let accepted = requests.values.filter { $0.request.want.rule == rule.name }.flatMap(\.acceptances)
        let held = leases.unsettled.values.filter { $0.lease.rule == rule.name }
        return held.reduce(.zero) { $0 + commitment(of: $1) }
            + accepted.reduce(.zero) { $1.isCommitted ? $0 : $0 + Self.most($1.agreement.terms, for: $1.agreement.terms.term) }
    }

    /// What a lease may still come to in credits: also what was reserved and has lapsed, for its last receipt may be late.
    private func commitment(of entry: LeaseEntry) -> Microcredits {
        let terms = entry.lease.terms
        let open = entry.reservations.map { books.reservation($0.transfer) }
        guard !open.contains(where: { $0 == nil }) else {
            let whole = Self.most(terms, for: entry.reservations.last?.covers ?? .zero)
            return max(.zero, whole - entry.bill.accepted.credits)
        }
        return open.reduce(Self.most(terms, for: .zero)) { sum, part in sum + Microcredits(part?.remaining ?? .zero) }
    }

    /// What a term can come to at the most, with what clocks of both sides may differ by.
    private static func most(_ terms: Terms, for span: Microseconds) -> Microcredits {
        terms.tariff.ceiling(for: terms.amounts, term: span + Timing.clockSlack).credits
    }

    /// The longest time up to `term` that a rule's budget still pays for; `nil` where that is too short to be of use.
    private func affordable(
        _ term: Microseconds, _ tariff: Tariff, _ amounts: Amounts, by rule: AcquisitionRule, at now: Moment
    ) -> Microseconds? {
        let left = expenses(of: rule, at: now).left
        func fits(_ span: Microseconds) -> Bool {
            let most = tariff.ceiling(for: amounts, term: span + Timing.clockSlack).credits
            return most == .zero || most <= left
        }
        guard !fits(term) else { return term }
        let hour = tariff.ceiling(for: amounts, term: .hours(1)).credits
        let second = Microseconds.seconds(1)
        let whole = Microseconds.hours(1).scaled(by: left.rawValue, over: max(1, hour.rawValue)) - Timing.clockSlack - second
        let span = second * (whole.rawValue / second.rawValue)
        return span >= min(term, AcquisitionRule.shortestTerm) && fits(span) ? span : nil
    }

    private func overspent(_ rule: AcquisitionRule) -> String {
        guard let budget = rule.budget else { return "it has no budget" }
        let most = budget.atOnce.map { ", at most \($0.text) at once," } ?? ""
        return "what is left of its budget of \(budget.credits.text) per \(budget.period.rawValue)\(most) does not pay for it now"
    }

    /// Why terms cannot be agreed to for a rule.
    func budgetObjection(to terms: Terms, of rule: String?, at now: Moment) -> Refusal? {
        guard let rule else { return nil }
        guard let rule = self.rule(named: rule) else { return Refusal(term: "rule", reason: "the policy has no rule '\(rule)'") }
        let most = Self.most(terms, for: terms.term)
        guard most > .zero, most > expenses(of: rule, at: now).left else { return nil }
        return Refusal(term: "budget", reason: overspent(rule))
    }

    /// For how long a lease can be renewed by `span`: less where it belongs to a rule whose budget does not last so long.
    func affordableRenewal(of lease: Lease, by span: Microseconds, at now: Moment) throws(Refusal) -> Microseconds {
        guard let name = lease.rule else { return span }
        guard let rule = acquisitions.rule(holding: name) else {
            throw Refusal(term: "rule", reason: "the policy has no rule '\(name)'")
        }
        guard let affordable = affordable(span, lease.terms.tariff, lease.terms.amounts, by: rule, at: now) else {
            throw Refusal(term: "budget", reason: overspent(rule))
        }
        return affordable
    }

    /// The most that is paid for a lease by the next receipt: what is reserved, and what this node may owe besides, but for a rule
    /// no more than its budget has.
    func payable(for entry: LeaseEntry, at now: Moment) -> Charge {
        var most = reserved(for: entry) + headroom(weMayOwe: entry.lease.peer)
        if let rule = entry.lease.rule.flatMap(acquisitions.rule(holding:)) {
            most.credits = min(most.credits, commitment(of: entry) + expenses(of: rule, at: now).left)
        }
        return most
    }

    /// Counts what was paid for a lease of a rule.
    mutating func notePayment(_ transfer: Transfer) {
        guard transfer.paysForLease, let rule = transfer.lease.flatMap({ leases[$0]?.lease.rule }) else { return }
        acquisitions.note(RulePayment(rule: rule, amount: Microcredits(transfer.amount), at: transfer.at))
    }

    private func rule(named name: String) -> AcquisitionRule? {
        acquisitions.index(of: name).map { acquisitions.all[$0].rule }
    }
}
