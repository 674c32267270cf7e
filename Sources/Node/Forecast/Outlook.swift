import Accounting
import Policy
import Resources

/// What is expected of the owner's use of one resource, and what can be promised firmly on that.
package struct Outlook: Codable, Sendable {
    package private(set) var forecaster = UsageForecaster()
    package private(set) var lending: FirmLending
    private var latest: Latest?

    /// A forecast that was made; it holds until the next sample.
    private struct Latest {
        let curve: ExceedanceCurve?
        let horizon: Int
        let highest: BasisPoints
    }

    private enum CodingKeys: CodingKey { case forecaster, lending }

    /// - Parameter horizon: how many samples a firm term lasts of those that it learns from.
    package init(appetite: Appetite, horizon: Int) { lending = FirmLending(appetite: appetite, horizon: horizon) }

    /// Holds itself to another appetite, or to terms of another length, from now on. What is known of the owner stays known.
    package mutating func adopt(_ appetite: Appetite, horizon: Int) {
        guard appetite != lending.appetite || horizon != lending.horizon else { return }
        lending = FirmLending(appetite: appetite, horizon: horizon)
        latest = nil
    }

    /// Takes one sample of the owner's use, and decides what would be promised on it, to learn what comes of that.
    ///
    /// - Parameters:
    ///   - usage: as a share of the capacity; `nil` when the sample is missing.
    ///   - rule: how the resource is lent; `nil` when it is not.
    package mutating func record(_ usage: BasisPoints?, by rule: ResourceRule?) {
        if let usage { forecaster.observe(usage) } else { forecaster.miss() }
        lending.observe(usage)
        latest = nil
        guard let rule else { return }
        let curve = forecast(lending.horizon, upTo: rule.threshold)
        latest = Latest(curve: curve, horizon: lending.horizon, highest: rule.threshold)
        _ = lending.promise(curve, threshold: rule.threshold, ceiling: rule.share)
    }

    /// What bounds a promise.
    package struct Bounds: Hashable, Sendable {
        /// The lowest threshold that holds in the term.
        package let threshold: BasisPoints
        /// The most that is ever lent.
        package let share: BasisPoints

        package init(threshold: BasisPoints, share: BasisPoints) {
            self.threshold = threshold
            self.share = share
        }
    }

    /// What can be promised for a term.
    ///
    /// - Parameter horizon: how many samples the term lasts (1...``UsageForecaster/longestHorizon``).
    package func promise(horizon: Int, _ bounds: Bounds) -> FirmPromise {
        lending.decide(forecast(horizon, upTo: bounds.threshold), threshold: bounds.threshold, ceiling: bounds.share)
    }

    /// The same, and why it is no more.
    package func explain(horizon: Int, _ bounds: Bounds) -> FirmExplanation {
        lending.explain(
            promise(horizon: horizon, bounds), forecaster.forecast(horizon: horizon), threshold: bounds.threshold,
            samplesSeen: forecaster.seenSinceGap, samplesNeeded: UsageForecaster.samplesNeeded)
    }

    /// How many samples there must be yet before there is a forecast.
    package var samplesMissing: Int64 { max(0, UsageForecaster.samplesNeeded - forecaster.seenSinceGap) }

    /// A promise in a few words, for refusals.
    func text(of promise: FirmPromise) -> String {
        switch promise.reason {
        case .balanced, .ceiling: "\(promise.amount.text) can be promised"
        case .tooRisky: "nothing can be promised, for it would be taken back too often"
        case .unknown where samplesMissing > 0:
            "nothing can be promised yet, for \(forecaster.seenSinceGap) of \(UsageForecaster.samplesNeeded) samples of the owner's use are there"
        case .unknown: "nothing can be promised, for the last sample of the owner's use is missing"
        }
    }

    /// Only as far as a decision looks at it.
    private func forecast(_ horizon: Int, upTo threshold: BasisPoints) -> ExceedanceCurve? {
        if let latest, latest.horizon == horizon, latest.highest == threshold { return latest.curve }
        return forecaster.forecast(horizon: horizon, upTo: min(.whole, threshold + lending.appetite.tolerance))
    }
}

extension Outlook: Equatable {
    package static func == (a: Outlook, b: Outlook) -> Bool { a.forecaster == b.forecaster && a.lending == b.lending }
}
