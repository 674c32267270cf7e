import Accounting
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

    package init(threshold: BasisPoints, appetite: Appetite, horizon: Int = 1, warmUp: Int = 12) {
        self.threshold = threshold
        self.appetite = appetite
        self.horizon = horizon
        self.warmUp = warmUp
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

    /// What the rules came to, machine by machine, each of those with a sample that was judged.
    package struct Report: Sendable {
        package private(set) var tallies: [Rule: [LendingTally]] = [:]

        package init() {}

        mutating func append(_ machine: [Rule: LendingTally]) {
            for rule in Rule.allCases { tallies[rule, default: []].append(machine[rule] ?? LendingTally()) }
        }

        /// Takes on the machines of another report.
        package mutating func add(_ other: Report) {
            for rule in Rule.allCases { tallies[rule, default: []] += other.tallies[rule] ?? [] }
        }

        package func total(_ rule: Rule) -> LendingTally { Self.sum(tallies[rule] ?? []) }

        /// The tenth of the machines, rounded up, with the greatest share of lease time taken back.
        package func worstTenth(_ rule: Rule) -> LendingTally {
            let ranked = (tallies[rule] ?? []).sorted { $0.takenBackShare > $1.takenBackShare }
            return Self.sum(ranked.prefix((ranked.count + 9) / 10))
        }

        private static func sum(_ tallies: some Sequence<LendingTally>) -> LendingTally {
            tallies.reduce(into: LendingTally()) { $0.add($1) }
        }
    }

    package func run(_ trace: UsageTrace) -> Report {
        trace.machines.reduce(into: Report()) { report, samples in
            let tallies = judge(samples)
            if let judged = tallies[.foresight], judged.samples > 0 { report.append(tallies) }
        }
    }

    private func judge(_ samples: [BasisPoints?]) -> [Rule: LendingTally] {
        var node = ReplayedNode(replay: self)
        var tallies = Dictionary(uniqueKeysWithValues: Rule.allCases.map { ($0, LendingTally()) })
        for (index, sample) in samples.enumerated() {
            let loans = index < warmUp ? [:] : node.loans(at: index - warmUp)
            if let usage = sample, index >= warmUp {
                for rule in Rule.allCases {
                    let loan = rule == .foresight ? max(.zero, threshold - usage) : loans[rule] ?? .zero
                    tallies[rule]?.add(loan: loan, usage: usage, threshold: threshold)
                }
            }
            node.observe(sample)
        }
        return tallies
    }
}

/// One machine while its samples are replayed.
struct ReplayedNode {
    private let replay: LendingReplay
    private var forecaster = UsageForecaster()
    private var firm: FirmLending
    private let elastic = ElasticLending()
    /// The last samples, at most twelve.
    private var recent: [BasisPoints?] = []
    private var promise = BasisPoints.zero

    init(replay: LendingReplay) {
        self.replay = replay
        firm = FirmLending(appetite: replay.appetite, horizon: replay.horizon)
    }

    mutating func observe(_ sample: BasisPoints?) {
        if let sample { forecaster.observe(sample) } else { forecaster.miss() }
        firm.observe(sample)
        if recent.count == 12 { recent.removeFirst() }
        recent.append(sample)
    }

    /// What each rule lends in the next sample.
    ///
    /// - Parameter position: of the sample among those that are judged.
    mutating func loans(at position: Int) -> [LendingReplay.Rule: BasisPoints] {
        let threshold = replay.threshold
        let top = min(.whole, threshold + replay.appetite.tolerance)
        let next = forecaster.forecast(upTo: top)
        if position.isMultiple(of: replay.horizon) {
            let forecast = replay.horizon == 1 ? next : forecaster.forecast(horizon: replay.horizon, upTo: top)
            promise = firm.promise(forecast, threshold: threshold).amount
        }
        func idle(_ usage: BasisPoints?, margin: BasisPoints = .zero) -> BasisPoints {
            usage.map { max(.zero, threshold - $0 - margin) } ?? .zero
        }
        let (last, highest) = (recent.last ?? nil, recent.compactMap(\.self).max())
        return [
            .lastSample: idle(last), .recentMaximum: idle(highest),
            .recentMaximumWithMargin: idle(highest, margin: .percent(10)), .firm: promise,
            .firmAndElastic: elastic.room(next, usage: last, threshold: threshold, firm: promise),
        ]
    }
}
