import Resources

/// How much may be promised firmly, and why.
package struct FirmPromise: Hashable, Codable, Sendable {
    /// The share of the capacity; zero when nothing should be promised.
    package let amount: BasisPoints
    /// The owner's use up to which the promise can be kept.
    package let keptUpTo: BasisPoints
    /// The part of the term in which the forecast has the owner's use above that and the tolerance.
    package let risk: PartsPerMillion
    package let reason: Reason

    package enum Reason: String, Hashable, Codable, Sendable, CaseIterable {
        /// More would cost more take-backs than it is worth.
        case balanced
        /// More than this is never lent, whatever the forecast.
        case ceiling
        /// Whatever the amount, it would be taken back too often.
        case tooRisky = "too_risky"
        /// There is no forecast: too little was measured.
        case unknown
    }

    package init(amount: BasisPoints, keptUpTo: BasisPoints, risk: PartsPerMillion, reason: Reason) {
        self.amount = amount
        self.keptUpTo = keptUpTo
        self.risk = risk
        self.reason = reason
    }

    static func nothing(_ reason: Reason, _ threshold: BasisPoints) -> FirmPromise {
        FirmPromise(amount: .zero, keptUpTo: threshold, risk: .zero, reason: reason)
    }
}
