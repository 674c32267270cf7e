import Resources

/// What a rule for lending came to, over some machines and samples of equal weight.
package struct LendingTally: Hashable, Sendable {
    /// Samples that were judged.
    package private(set) var samples: Int64 = 0
    /// Samples in which something was lent.
    package private(set) var lent: Int64 = 0
    /// Samples in which something was lent, and use and loan together lay above the threshold: by anything, by more than 5 and by
    /// more than 20 points of the capacity.
    package private(set) var takenBack: Int64 = 0
    package private(set) var over5: Int64 = 0
    package private(set) var over20: Int64 = 0
    /// The sum of what was lent over samples, in basis points, and of the parts of it below and above the threshold.
    package private(set) var promised: Int64 = 0
    package private(set) var useful: Int64 = 0
    package private(set) var overshoot: Int64 = 0
    /// The same of what could have been lent with perfect foresight.
    package private(set) var room: Int64 = 0

    package init() {}

    package mutating func add(loan: BasisPoints, usage: BasisPoints, threshold: BasisPoints) {
        let free = max(.zero, threshold - usage)
        samples += 1
        room += free.rawValue
        guard loan > .zero else { return }
        let over = usage + loan - threshold
        lent += 1
        takenBack += over > .zero ? 1 : 0
        over5 += over > .percent(5) ? 1 : 0
        over20 += over > .percent(20) ? 1 : 0
        promised += loan.rawValue
        useful += min(loan, free).rawValue
        overshoot += max(.zero, loan - free).rawValue
    }

    package mutating func add(_ other: LendingTally) {
        samples += other.samples
        lent += other.lent
        takenBack += other.takenBack
        over5 += other.over5
        over20 += other.over20
        promised += other.promised
        useful += other.useful
        overshoot += other.overshoot
        room += other.room
    }

    /// Lent below the threshold, as a share of all capacity.
    package var usefulLent: PartsPerMillion { ofCapacity(useful) }
    /// Capacity-time above the threshold that is due to loans, as a share of all capacity-time.
    package var overshootShare: PartsPerMillion { ofCapacity(overshoot) }
    /// The part of lease time in which something had to be taken back.
    package var takenBackShare: PartsPerMillion { PartsPerMillion(takenBack, of: lent) }
    /// Lent below the threshold, as a share of what could have been.
    package var ofForesight: PartsPerMillion { PartsPerMillion(useful, of: room) }

    /// What it comes to when loans follow the owner within each sample, from where the owner is seen to be: the rest of the sample
    /// is lent as with perfect foresight, only until then the loan stands as decided before.
    ///
    /// - Parameter delay: until the loan follows, as a share of the sample.
    package func following(after delay: BasisPoints) -> (ofForesight: PartsPerMillion, overshootShare: PartsPerMillion) {
        let leftIdle = delay.of(PartsPerMillion(room - useful, of: room))
        return (PartsPerMillion.whole - leftIdle, delay.of(overshootShare))
    }

    private func ofCapacity(_ sum: Int64) -> PartsPerMillion { PartsPerMillion(sum, of: samples * BasisPoints.whole.rawValue) }
}
