import Resources

/// Decides how much is promised firmly, and holds itself to the owner's appetite.
///
/// What is lent is worth its amount; a sample of lease time in which it must be taken back costs a price; what is worth most is
/// promised. That is the Lagrangian of lending as much as possible with a bounded share of take-backs: a node or an hour in which
/// a point more hardly adds risk lends much, one in which each point is dear lends little, at one price.
///
/// The price follows the balance of what was taken back and what was accepted (``Price``): the error integration of adaptive conformal
/// inference (Gibbs and Candès, NeurIPS 2021), in the saturating form of conformal PID control (Angelopoulos, Candès and Tibshirani,
/// NeurIPS 2023). It learns from what it would have lent, whether somebody borrowed it or not.
package struct FirmLending: Hashable, Codable, Sendable {
    package let appetite: Appetite
    /// How many samples one term lasts.
    package let horizon: Int
    package private(set) var price: Price
    private var open: [OpenTerm] = []
    /// Samples of terms that are over, one for each term in each sample, and those of them in which it had to be taken back.
    package private(set) var promised: Int64 = 0
    package private(set) var takenBack: Int64 = 0

    private struct OpenTerm: Hashable, Codable {
        /// Use above this counts as taking it back.
        var limit: BasisPoints
        var samplesLeft: Int
    }

    /// - Parameter horizon: how many samples one term lasts (1...288).
    package init(appetite: Appetite, horizon: Int = 1) {
        precondition((1...288).contains(horizon), "terms of \(horizon) samples")
        self.appetite = appetite
        self.horizon = horizon
        price = Price(for: appetite)
    }

    /// The share of lease time in which something was, or would have been, taken back.
    package var observed: PartsPerMillion { PartsPerMillion(takenBack, of: promised) }

    /// What could be promised for a term that begins with the next sample.
    ///
    /// - Parameters:
    ///   - forecast: of the owner's use in that term, up to the threshold and the tolerance; `nil` when there is none.
    ///   - threshold: owner and guests together stay below this share of the capacity.
    ///   - ceiling: the most that is ever lent.
    package func decide(_ forecast: ExceedanceCurve?, threshold: BasisPoints, ceiling: BasisPoints = .whole) -> FirmPromise {
        guard let forecast else { return .nothing(.unknown, threshold) }
        let lowest = max(.zero, threshold - ceiling)
        let price = price.amount
        var best = FirmPromise.nothing(.tooRisky, threshold)
        var greatestWorth: Int64 = 0
        for limit in [lowest] + forecast.levels where limit >= lowest && limit < threshold {
            let risk = forecast.chance(above: limit + appetite.tolerance)
            let worth = appetite.worth(of: threshold - limit, risk: risk, price: price)
            guard worth > greatestWorth else { continue }
            greatestWorth = worth
            best = FirmPromise(
                amount: threshold - limit, keptUpTo: limit, risk: risk,
                reason: limit == lowest && ceiling < threshold ? .ceiling : .balanced)
        }
        return best
    }

    /// Decides, and watches what would come of it. Once for each sample at most.
    package mutating func promise(
        _ forecast: ExceedanceCurve?, threshold: BasisPoints, ceiling: BasisPoints = .whole
    ) -> FirmPromise {
        let promise = decide(forecast, threshold: threshold, ceiling: ceiling)
        if promise.amount > .zero {
            if open.count == horizon { open.removeFirst() }
            open.append(OpenTerm(limit: promise.keptUpTo + appetite.tolerance, samplesLeft: horizon))
        }
        return promise
    }

    /// Learns from the next sample of the owner's use; `nil` when it is missing.
    package mutating func observe(_ usage: BasisPoints?) {
        if let usage, !open.isEmpty {
            let exceeded = Int64(open.count { usage > $0.limit })
            promised += Int64(open.count)
            takenBack += exceeded
            price.learn(takenBack: PartsPerMillion(exceeded, of: Int64(open.count)), appetite: appetite)
        }
        for index in open.indices { open[index].samplesLeft -= 1 }
        open.removeAll { $0.samplesLeft == 0 }
    }
}
