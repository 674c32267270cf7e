import Bookkeeping
import Resources

/// What came of one run.
package struct EconomyResult: Sendable {
    package let plan: EconomyPlan
    /// Of every lease and every month, the same on every machine.
    package let hash: UInt64
    package let months: [EconomyMonth]
    package let kinds: [KindSummary]
    /// Those that borrow, in ten groups of equal number, by what they lent as a share of what they wanted; fewer where there are
    /// fewer.
    package let contributions: [ContributionGroup]
    package let leases: Int
    /// Asks that lenders refused because the borrower had no credit.
    package let refusedForCredit: Int
    /// Identities that the pool admitted.
    package let identities: Int
    /// Identities that left the pool.
    package let departed: Int
    /// What they owed.
    package let lost: Microcredits
    /// What those in the pool owe each other at the end.
    package let debts: [Debt]
    /// Empty when every rule held.
    package let violations: [Violation]

    /// Each way in which it stops, with the first month in which it does, counted from 0.
    package var collapses: [(month: Int, collapse: Collapse)] {
        Collapse.allCases.compactMap { collapse in
            months.firstIndex { Collapse.found(in: $0).contains(collapse) }.map { ($0, collapse) }
        }
    }

    package func served(_ kind: ParticipantKind) -> Served { kinds.first { $0.kind == kind }?.served ?? Served() }
}

/// All participants of one kind.
package struct KindSummary: Hashable, Sendable {
    package let kind: ParticipantKind
    package internal(set) var count = 0
    package internal(set) var served = Served()
    package internal(set) var lent = CoreMicroseconds.zero

    init(_ kind: ParticipantKind) { self.kind = kind }

    mutating func add(_ participant: Participant) {
        count += 1
        served.add(participant.served)
        lent += participant.lent
    }
}

/// Participants that lent about as much as each other of what they wanted.
package struct ContributionGroup: Hashable, Sendable {
    package internal(set) var count = 0
    package internal(set) var served = Served()
    package internal(set) var lent = CoreMicroseconds.zero

    /// The participants that wanted something, from those that lent the least part of it to those that lent the most.
    static func tenths(of participants: [Participant]) -> [ContributionGroup] {
        let ranked = participants.enumerated().filter { $0.element.served.requests > 0 }
            .map { (share: PartsPerMillion($1.lent.rawValue, of: $1.served.all.wanted.rawValue), index: $0, $1) }
            .sorted { ($0.share, $0.index) < ($1.share, $1.index) }.map(\.2)
        let groups = min(10, ranked.count)
        return (0..<groups).map { group in
            ranked[group * ranked.count / groups..<(group + 1) * ranked.count / groups].reduce(into: ContributionGroup()) {
                $0.count += 1
                $0.served.add($1.served)
                $0.lent += $1.lent
            }
        }
    }
}

/// Runs economies.
package enum Economy {
    /// Runs one to its end, or to the end of the day on which a rule did not hold.
    ///
    /// - Parameter progress: is told how many days are over.
    package static func run(_ plan: EconomyPlan, progress: (Int) -> Void = { _ in }) -> EconomyResult {
        var world = EconomyWorld(plan)
        for day in 0..<plan.days where world.violations.isEmpty {
            world.runDay(day)
            progress(day + 1)
        }
        return world.result
    }
}
