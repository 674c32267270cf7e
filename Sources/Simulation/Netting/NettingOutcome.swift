import Bookkeeping
import Resources

/// What netting around cycles makes of the debts of a pool.
package struct NettingOutcome: Hashable, Sendable {
    /// Nodes that owe or are owed something.
    package let nodes: Int
    package let debtsBefore: Int
    package let debtsAfter: Int
    package let grossBefore: Microcredits
    package let grossAfter: Microcredits
    /// What debts come to at least that leave every net position as it is.
    package let least: Microcredits
    /// How many cycles were cancelled, by their length.
    package let cycles: SortedMap<Int, Int>
    /// Whether every net position is as it was, and no debt was raised or turned round.
    package let isSound: Bool

    /// What a planner comes to who knows all debts.
    ///
    /// - Parameter longest: the most debts in a cycle.
    package init(_ debts: [Debt], longest: Int) {
        let before = DebtGraph(debts)
        var after = before
        let cancelled = after.cancelCycles(upTo: longest)
        self.init(
            before, after, cycles: cancelled.reduce(into: SortedMap()) { $0[$1.members.count] = ($0[$1.members.count] ?? 0) + 1 })
    }

    /// What the nodes come to themselves when each of them looks for cycles once.
    ///
    /// - Parameter progress: is told how many have looked.
    /// - Throws: where the debts do not fit in a ledger.
    package init(agreedOn debts: [Debt], progress: (Int) -> Void = { _ in }) throws {
        var pool = try AgreedNetting(debts)
        pool.run(progress: progress)
        self.init(DebtGraph(debts), DebtGraph(pool.debts), cycles: pool.cycles)
    }

    private init(_ before: DebtGraph, _ after: DebtGraph, cycles: SortedMap<Int, Int>) {
        nodes = before.positions.count
        (debtsBefore, debtsAfter) = (before.debts.count, after.debts.count)
        (grossBefore, grossAfter, least) = (before.gross, after.gross, before.least)
        self.cycles = cycles
        isSound = before.positions == after.positions && Self.only(reduces: before.debts, to: after.debts)
    }

    /// The part of the gross debt that is gone.
    package var cut: PartsPerMillion { PartsPerMillion((grossBefore - grossAfter).rawValue, of: grossBefore.rawValue) }

    /// The part of it that could be gone at most.
    package var mostCut: PartsPerMillion { PartsPerMillion((grossBefore - least).rawValue, of: grossBefore.rawValue) }

    /// Both in the order of debtors and creditors.
    private static func only(reduces before: [Debt], to after: [Debt]) -> Bool {
        var rest = before[...]
        return after.allSatisfy { debt in
            rest = rest.drop { ($0.debtor, $0.creditor) < (debt.debtor, debt.creditor) }
            guard let owed = rest.first else { return false }
            return (owed.debtor, owed.creditor) == (debt.debtor, debt.creditor) && debt.amount <= owed.amount
        }
    }
}
