import Bookkeeping
import Policy
import Resources

/// How a rule that acquires capacity stands.
package struct Acquisition: Sendable {
    package let rule: AcquisitionRule
    package internal(set) var gate: Gate
    /// The request that is under way. There is never more than one.
    package internal(set) var request: RequestID?
    /// What is still to be tried in this time of asking, the next in front.
    var attempts: [Attempt] = []
    /// Before this nothing is asked for anew; `nil`: at any time.
    package internal(set) var asksAgain: Deadline?
    /// Why it does not have what it is to have.
    package internal(set) var shortage: String?

    /// A way to get a lease.
    enum Attempt: Hashable, Sendable {
        /// Its debtor is asked.
        case redeeming(ObligationID)
        case deferring
        case paying
    }

    init(_ rule: AcquisitionRule) {
        self.rule = rule
        gate = Gate(rule.release)
    }

    /// The same under another version of its rule.
    func following(_ rule: AcquisitionRule) -> Acquisition {
        var other = Acquisition(rule)
        if rule.release == self.rule.release { other.gate = gate }
        (other.request, other.asksAgain) = (request, asksAgain)
        return other
    }
}

/// All rules that acquire capacity, and what they have in common.
package struct AcquisitionBook: Sendable {
    /// In the order of the policy.
    package internal(set) var all: [Acquisition]
    /// Rules that the policy has no more, as long as a lease of theirs is not settled.
    package internal(set) var withdrawn: [WithdrawnRule]
    /// What leases of each rule were paid with, by its name; also of rules that the policy has no more.
    package internal(set) var spending = SortedMap<String, Spending>()
    /// What runs under leases: they are given back when that is over.
    package internal(set) var occupants: [Occupant]
    /// Whom this node can ask, the first to be asked in front.
    var peers: [NodeID] = []
    /// Whether there may be leases or requests of rules that the policy has no more.
    var mayHaveStrays: Bool

    init(_ rules: [AcquisitionRule], restoring snapshot: Snapshot, at now: Moment) {
        all = rules.map(Acquisition.init)
        let memory = snapshot.acquisitions
        withdrawn = Self.withdrawn(memory?.rules ?? [], memory?.withdrawn ?? [], by: rules)
        occupants = memory?.occupants ?? []
        mayHaveStrays = true
        for payment in snapshot.payments { note(payment) }
        for asked in memory?.asked ?? [] {
            guard let index = index(of: asked.rule) else { continue }
            all[index].asksAgain = asked.again.anchored(at: now)
        }
        for entry in snapshot.requests where entry.isInDoubt && !entry.isFailed {
            guard let index = entry.request.want.rule.flatMap(index(of:)) else { continue }
            all[index].request = entry.request.id
        }
    }

    mutating func adopt(_ rules: [AcquisitionRule]) {
        let before = all
        mayHaveStrays = true
        withdrawn = Self.withdrawn(all.map(\.rule), withdrawn, by: rules)
        all = rules.map { rule in before.first { $0.rule.name == rule.name }?.following(rule) ?? Acquisition(rule) }
    }

    /// Takes over what is not on disk.
    mutating func keep(of other: AcquisitionBook) {
        peers = other.peers
        for index in all.indices {
            guard let same = other.all.first(where: { $0.rule == all[index].rule }) else { continue }
            (all[index].gate, all[index].shortage) = (same.gate, same.shortage)
        }
    }

    func isOccupied(_ lease: LeaseID) -> Bool { occupants.contains { $0.lease == lease } }

    /// Whether there is nothing to be done about rules.
    var isIdle: Bool { all.isEmpty && !mayHaveStrays }

    func index(of rule: String) -> Int? { all.firstIndex { $0.rule.name == rule } }

    mutating func note(_ payment: RulePayment) {
        var sum = spending[payment.rule] ?? Spending()
        sum.add(payment.amount, at: payment.at)
        spending[payment.rule] = sum
    }

    var memory: AcquisitionMemory {
        AcquisitionMemory(
            asked: all.compactMap { acquisition in acquisition.asksAgain.map { .init(rule: acquisition.rule.name, again: $0) } },
            occupants: occupants, rules: all.map(\.rule), withdrawn: withdrawn)
    }
}

/// A job under a lease of a rule.
package struct Occupant: Hashable, Codable, Sendable {
    package let lease: LeaseID
    package let job: JobID
}

/// What was paid in credits for a lease of a rule, as the ledger has it.
package struct RulePayment: Hashable, Codable, Sendable {
    package let rule: String
    package let amount: Microcredits
    package let at: Timestamp

    package init(rule: String, amount: Microcredits, at: Timestamp) {
        self.rule = rule
        self.amount = amount
        self.at = at
    }
}

/// What leases of rules were paid with in ledger files that were moved away, as far back as any budget looks.
package struct MovedPayments: Hashable, Codable, Sendable {
    /// Under this name it is kept among the settings.
    package static let key = "moved_payments"

    /// The last of those files; what is in later ones is read there.
    package let through: Int
    /// One for each rule and minute.
    package let payments: [RulePayment]

    package init(through: Int, _ payments: [RulePayment], at now: Timestamp) {
        self.through = through
        var sums = SortedMap<Slot, RulePayment>()
        for payment in payments where now - payment.at < Spending.reach {
            let slot = Slot(rule: payment.rule, minute: payment.at.microseconds / Microseconds.minutes(1).rawValue)
            let before = sums[slot]
            sums[slot] = RulePayment(
                rule: payment.rule, amount: payment.amount + (before?.amount ?? .zero),
                at: max(payment.at, before?.at ?? payment.at))
        }
        self.payments = sums.values
    }

    private struct Slot: Comparable {
        let rule: String
        let minute: Int64

        static func < (a: Self, b: Self) -> Bool { (a.rule, a.minute) < (b.rule, b.minute) }
    }
}

/// What a node still has to know of its rules after a restart.
package struct AcquisitionMemory: Hashable, Codable, Sendable {
    /// Under this name it is kept among the settings.
    package static let key = "acquisitions"

    struct Asked: Hashable, Codable, Sendable {
        let rule: String
        let again: Deadline
    }

    var asked: [Asked]
    var occupants: [Occupant]
    /// Those of the policy; not in what was kept before rules could be withdrawn.
    var rules: [AcquisitionRule]?
    var withdrawn: [WithdrawnRule]?
}
