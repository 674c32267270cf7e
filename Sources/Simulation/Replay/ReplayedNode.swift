import Accounting
import Policy
import Resources

/// One machine while its samples are replayed.
struct ReplayedNode {
    /// What is lent in one sample.
    struct Loans {
        var byRule: [LendingReplay.Rule: BasisPoints]
        /// What is promised firmly with each of the other appetites, in their order.
        var byOtherAppetite: [BasisPoints]
    }

    private let replay: LendingReplay
    private var forecaster = UsageForecaster()
    private var firm: FirmLending
    private var others: [FirmLending]
    private let elastic = ElasticLending()
    /// The last samples, at most twelve.
    private var recent: [BasisPoints?] = []
    private var promise = BasisPoints.zero
    private var otherPromises: [BasisPoints]

    init(replay: LendingReplay) {
        self.replay = replay
        firm = FirmLending(appetite: replay.appetite, horizon: replay.horizon)
        others = replay.otherAppetites.map {
            FirmLending(appetite: Appetite(takenBack: $0, tolerance: replay.appetite.tolerance), horizon: replay.horizon)
        }
        otherPromises = others.map { _ in .zero }
    }

    mutating func observe(_ sample: BasisPoints?) {
        if let sample { forecaster.observe(sample) } else { forecaster.miss() }
        firm.observe(sample)
        for index in others.indices { others[index].observe(sample) }
        if recent.count == 12 { recent.removeFirst() }
        recent.append(sample)
    }

    /// What is lent in the next sample.
    ///
    /// - Parameter position: of the sample among those that are judged.
    mutating func loans(at position: Int) -> Loans {
        let threshold = replay.threshold
        let top = min(.whole, threshold + replay.appetite.tolerance)
        let next = forecaster.forecast(upTo: top)
        if position.isMultiple(of: replay.horizon) {
            let forecast = replay.horizon == 1 ? next : forecaster.forecast(horizon: replay.horizon, upTo: top)
            promise = firm.promise(forecast, threshold: threshold).amount
            for index in others.indices { otherPromises[index] = others[index].promise(forecast, threshold: threshold).amount }
        }
        func idle(_ usage: BasisPoints?, margin: BasisPoints = .zero) -> BasisPoints {
            usage.map { max(.zero, threshold - $0 - margin) } ?? .zero
        }
        let (last, highest) = (recent.last ?? nil, recent.compactMap(\.self).max())
        let byRule: [LendingReplay.Rule: BasisPoints] = [
            .lastSample: idle(last), .recentMaximum: idle(highest),
            .recentMaximumWithMargin: idle(highest, margin: .percent(10)), .firm: promise,
            .firmAndElastic: elastic.room(next, usage: last, threshold: threshold, firm: promise),
        ]
        return Loans(byRule: byRule, byOtherAppetite: otherPromises)
    }
}
