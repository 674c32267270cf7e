import Resources

/// Why so much is promised firmly: what the decision rests on, for people and logs.
package struct FirmExplanation: Hashable, Codable, Sendable {
    package let promise: FirmPromise
    package let threshold: BasisPoints
    package let appetite: Appetite
    /// The owner's use that the forecast has exceeded in half, a tenth and a hundredth of the term; `nil` without a forecast, or when
    /// the forecast does not reach so high.
    package let median: BasisPoints?
    package let exceededInATenth: BasisPoints?
    package let exceededInAHundredth: BasisPoints?
    /// How many samples of the owner's use the forecast rests on, and how many it takes before there is one.
    package let samplesSeen: Int64
    package let samplesNeeded: Int64
    /// What a sample in which something is taken back costs at present, in basis points of capacity.
    package let price: BasisPoints
    /// The share of lease time in which something was taken back so far, and the samples of lease time there were.
    package let observed: PartsPerMillion
    package let leaseSamples: Int64

    /// In one sentence.
    package var text: String {
        let lead =
            switch promise.reason {
            case .balanced: "\(promise.amount.shortText) can be promised: more would be taken back too often for what it adds"
            case .ceiling: "\(promise.amount.shortText) can be promised, the most that is lent at all"
            case .tooRisky: "nothing can be promised: whatever it is, it would be taken back too often"
            case .unknown where samplesSeen < samplesNeeded:
                "nothing can be promised yet: \(samplesSeen) of \(samplesNeeded) samples of the owner's use are there"
            case .unknown: "nothing can be promised: the last sample of the owner's use is missing"
            }
        guard leaseSamples > 0 else { return lead }
        let seen =
            "\(BasisPoints(observed.rawValue / 100).shortText) of lease time was taken back so far, \(appetite.takenBack.shortText) is accepted"
        return "\(lead); \(seen)"
    }
}

extension FirmLending {
    /// - Parameters:
    ///   - samplesSeen: how many samples the forecast rests on.
    ///   - samplesNeeded: how many it takes before there is one.
    package func explain(
        _ promise: FirmPromise, _ forecast: ExceedanceCurve?, threshold: BasisPoints, samplesSeen: Int64,
        samplesNeeded: Int64
    ) -> FirmExplanation {
        FirmExplanation(
            promise: promise, threshold: threshold, appetite: appetite, median: forecast?.level(exceededWith: 500_000),
            exceededInATenth: forecast?.level(exceededWith: 100_000), exceededInAHundredth: forecast?.level(exceededWith: 10_000),
            samplesSeen: samplesSeen, samplesNeeded: samplesNeeded, price: price.amount, observed: observed,
            leaseSamples: promised)
    }
}
