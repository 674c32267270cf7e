import Resources

/// What is known of machines in general: how likely use is to lie above a level, given what a machine's history says of the level.
///
/// A small network in whole numbers, one layer of rectified units beside a linear part, gives the logarithm of the odds. It was
/// fitted by logistic loss; `Docs/forecasting.md` says on which machines, and what else was tried.
struct ShippedOdds {
    /// Weights are in 4096ths, features in 256ths of an octave, so sums of products are in 2^20ths.
    private static let weightBits: Int64 = 12

    /// What each unit, and last the linear part, gets from the features that are the same for all levels.
    private let base: [Int64]
    /// Held here, as reaching for a global takes longer than adding a product.
    private let weights = ShippedWeights.levels
    private let outputs = ShippedWeights.outputs

    /// - Precondition: as many features as there are weights for.
    init(common features: [Int64]) {
        precondition(features.count == ShippedWeights.common[0].count - 1, "\(features.count) features")
        base = ShippedWeights.common.map { weights in
            zip(weights, features + [1 << 8]).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    /// - Parameter features: those of the level.
    func chance(_ features: [Int64]) -> PartsPerMillion {
        precondition(features.count * base.count == weights.count, "\(features.count) features of a level")
        var odds: Int64 = 0
        for unit in outputs.indices {
            let sum = sum(unit, features)
            if sum > 0 { odds += (sum >> Self.weightBits) * outputs[unit] }
        }
        return Self.chance(odds + sum(outputs.count, features))
    }

    /// Without looking at bounds each time, which would take several times as long as the sum.
    private func sum(_ unit: Int, _ features: [Int64]) -> Int64 {
        let first = unit * features.count
        return weights.withUnsafeBufferPointer { weights in
            features.withUnsafeBufferPointer { features in
                var sum = base[unit]
                for index in 0..<features.count { sum &+= weights[first + index] &* features[index] }
                return sum
            }
        }
    }

    /// - Parameter odds: their natural logarithm, in 2^20ths.
    private static func chance(_ odds: Int64) -> PartsPerMillion {
        // The logarithm of e to base 2 in 65536ths is 94548.
        let against = Log2.power((-odds * 94_548) >> 20)
        return PartsPerMillion(1 << 16, of: 1 << 16 + against)
    }
}
