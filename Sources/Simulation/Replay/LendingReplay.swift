import Policy
import Resources

/// Replays what owners used, and judges rules for lending by it: each decides from samples before the one it is about.
package struct LendingReplay: Sendable {
    package var threshold: BasisPoints
    package var appetite: Appetite
    /// How many samples a firm term lasts; a decision is held for so long.
    package var horizon: Int
    /// So many samples of each machine are not judged, and nothing is lent in them.
    package var warmUp: Int
    /// Shares of lease time that may be taken back: with each of them firm lending is judged as well, by the same forecasts.
    package var otherAppetites: [BasisPoints]

    package init(
        threshold: BasisPoints, appetite: Appetite, horizon: Int = 1, warmUp: Int = 12, otherAppetites: [BasisPoints] = []
    ) {
        self.threshold = threshold
        self.appetite = appetite
        self.horizon = horizon
        self.warmUp = warmUp
        self.otherAppetites = otherAppetites
    }

    package enum Rule: String, CaseIterable, Hashable, Sendable {
        /// What is idle in the sample itself.
        case foresight
        /// What was idle in the sample before.
        case lastSample = "last_sample"
        /// What was idle in each of the twelve samples before.
        case recentMaximum = "recent_maximum"
        /// The same less ten points.
        case recentMaximumWithMargin = "recent_maximum_with_margin"
        /// What the controller promises firmly.
        case firm
        /// What it lends firmly and until further notice.
        case firmAndElastic = "firm_and_elastic"
    }

    package func run(_ trace: UsageTrace) -> Report {
        trace.machines.reduce(into: Report()) { report, samples in
            let machine = judge(samples)
            if machine.samples > 0 { report.append(machine) }
        }
    }

    private func judge(_ samples: [BasisPoints?]) -> JudgedMachine {
        var node = ReplayedNode(replay: self)
        var machine = JudgedMachine(replay: self)
        for (index, sample) in samples.enumerated() {
            let loans = index < warmUp ? nil : node.loans(at: index - warmUp)
            if let usage = sample, let loans { machine.add(loans, usage: usage, at: index) }
            node.observe(sample)
        }
        return machine
    }
}
