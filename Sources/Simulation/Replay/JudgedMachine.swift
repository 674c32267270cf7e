import Resources

/// What came of the loans of one machine, sample by sample.
struct JudgedMachine {
    private let replay: LendingReplay
    private(set) var tallies: [LendingReplay.Rule: LendingTally] = [:]
    private(set) var overshoots: [LendingReplay.Rule: OvershootHistogram] = [:]
    private(set) var series = LendingSeries()
    /// Of each of the other appetites, in their order.
    private(set) var others: [(appetite: BasisPoints, tally: LendingTally)]

    init(replay: LendingReplay) {
        self.replay = replay
        others = replay.otherAppetites.map { ($0, LendingTally()) }
    }

    /// Samples that were judged.
    var samples: Int64 { tallies[.foresight]?.samples ?? 0 }

    /// - Parameter sample: its place in the trace.
    mutating func add(_ loans: ReplayedNode.Loans, usage: BasisPoints, at sample: Int) {
        let free = max(.zero, replay.threshold - usage)
        var useful: [LendingReplay.Rule: BasisPoints] = [:]
        for rule in LendingReplay.Rule.allCases {
            let loan = rule == .foresight ? free : loans.byRule[rule] ?? .zero
            useful[rule] = min(loan, free)
            tallies[rule, default: LendingTally()].add(loan: loan, usage: usage, threshold: replay.threshold)
            overshoots[rule, default: OvershootHistogram()].add(loan: loan, usage: usage, threshold: replay.threshold)
        }
        for (index, loan) in loans.byOtherAppetite.enumerated() {
            others[index].tally.add(loan: loan, usage: usage, threshold: replay.threshold)
        }
        var slot = LendingSeries.Slot()
        slot.samples = 1
        slot.used = usage.rawValue
        slot.foresight = free.rawValue
        slot.firm = useful[.firm, default: .zero].rawValue
        slot.firmAndElastic = useful[.firmAndElastic, default: .zero].rawValue
        series.add(slot, at: sample)
    }
}
