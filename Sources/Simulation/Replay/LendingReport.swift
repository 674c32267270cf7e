import Resources

extension LendingReplay {
    /// What the rules came to.
    package struct Report: Sendable {
        /// Machine by machine, each of those with a sample that was judged.
        package private(set) var tallies: [Rule: [LendingTally]] = [:]
        /// Over time, all machines together.
        package private(set) var series = LendingSeries()
        private var overshoots: [Rule: OvershootHistogram] = [:]
        private var byOtherAppetite: [BasisPoints: LendingTally] = [:]

        package init() {}

        mutating func append(_ machine: JudgedMachine) {
            for rule in Rule.allCases {
                tallies[rule, default: []].append(machine.tallies[rule] ?? LendingTally())
                overshoots[rule, default: OvershootHistogram()].add(machine.overshoots[rule] ?? OvershootHistogram())
            }
            for (appetite, tally) in machine.others { byOtherAppetite[appetite, default: LendingTally()].add(tally) }
            series.add(machine.series)
        }

        /// Takes on the machines of another report.
        package mutating func add(_ other: Report) {
            for rule in Rule.allCases {
                tallies[rule, default: []] += other.tallies[rule] ?? []
                overshoots[rule, default: OvershootHistogram()].add(other.overshoot(rule))
            }
            for (appetite, tally) in other.byOtherAppetite { byOtherAppetite[appetite, default: LendingTally()].add(tally) }
            series.add(other.series)
        }

        package func total(_ rule: Rule) -> LendingTally { Self.sum(tallies[rule] ?? []) }

        /// By how far the rule passed the threshold, all machines together.
        package func overshoot(_ rule: Rule) -> OvershootHistogram { overshoots[rule] ?? OvershootHistogram() }

        /// What firm lending came to with one of the other appetites of the replay; nothing with any that it did not have.
        package func total(otherAppetite: BasisPoints) -> LendingTally { byOtherAppetite[otherAppetite] ?? LendingTally() }

        /// The tenth of the machines, rounded up, with the greatest share of lease time taken back.
        package func worstTenth(_ rule: Rule) -> LendingTally {
            let ranked = (tallies[rule] ?? []).sorted { $0.takenBackShare > $1.takenBackShare }
            return Self.sum(ranked.prefix((ranked.count + 9) / 10))
        }

        private static func sum(_ tallies: some Sequence<LendingTally>) -> LendingTally {
            tallies.reduce(into: LendingTally()) { $0.add($1) }
        }
    }
}
