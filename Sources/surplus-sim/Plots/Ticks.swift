import Foundation

/// Round values along an axis: 1, 2 or 5 times a power of ten apart.
struct Ticks: Hashable {
    /// Ascending, at least two.
    let values: [Double]
    /// How many digits behind the point they need.
    let digits: Int

    var range: ClosedRange<Double> { values[0]...values[values.count - 1] }
    var labels: [String] { values.map { DecimalText.short($0, digits: digits) } }

    /// Evenly from at or below the range to at or above it.
    ///
    /// - Parameter count: about how many there are to be, 2 to 20.
    static func covering(_ range: ClosedRange<Double>, about count: Int = 6) -> Ticks {
        let range = usable(range)
        let rough = (range.upperBound - range.lowerBound) / Double(max(1, count - 1))
        var exponent = Int(log10(rough).rounded(.down))
        let ratio = rough / pow(10, Double(exponent))
        var factor = 1
        switch ratio {
        case ..<1.5: factor = 1
        case ..<3.5: factor = 2
        case ..<7.5: factor = 5
        default: exponent += 1
        }
        let unit = pow(10, Double(abs(exponent)))
        // Whole numbers times or over a power of ten: sums of a step would drift away from round values.
        func value(_ step: Double) -> Double { exponent < 0 ? step / unit : step * unit }
        let step = value(Double(factor))
        let first = Int((range.lowerBound / step + 1e-9).rounded(.down))
        let last = max(first + 1, Int((range.upperBound / step - 1e-9).rounded(.up)))
        return Ticks(values: (first...last).map { value(Double($0 * factor)) }, digits: min(9, max(0, -exponent)))
    }

    /// From a power of ten at or below the range to one at or above it; between few of them 2 and 5 times each as well.
    ///
    /// - Parameter range: above zero.
    static func logarithmic(_ range: ClosedRange<Double>) -> Ticks {
        let range = min(1e15, max(range.lowerBound, 1e-9))...min(1e15, max(range.upperBound, 1e-9))
        let first = Int((log10(range.lowerBound) + 1e-9).rounded(.down))
        let last = max(first + 1, Int((log10(range.upperBound) - 1e-9).rounded(.up)))
        let factors: [Double] = last - first > 2 ? [1] : [1, 2, 5]
        let values = (first..<last).flatMap { exponent in factors.map { power(exponent) * $0 } } + [power(last)]
        return Ticks(values: values, digits: max(0, -first))
    }

    /// From zero to at or above a value, for an axis along which distances go by the square root: 1, 2 and 5 times powers of ten,
    /// those left out that would stand too close.
    static func squareRoot(upTo value: Double) -> Ticks {
        let value = value.isFinite && value > 0 ? value : 1
        let top = Int(log10(value).rounded(.up))
        let candidates = ((top - 4)...top).flatMap { exponent in [1, 2, 5].map { power(exponent) * $0 } }
        guard let last = candidates.first(where: { $0 >= value * (1 - 1e-9) }) else { return covering(0...value) }
        var values = [0.0]
        for candidate in candidates where candidate <= last {
            if (candidate / last).squareRoot() - (values[values.count - 1] / last).squareRoot() >= 0.05 {
                values.append(candidate)
            }
        }
        // Above 2 and 5 times a power of ten the next is far enough away, so the last is always there.
        return Ticks(values: values, digits: min(9, max(0, 4 - top)))
    }

    private static func power(_ exponent: Int) -> Double {
        exponent < 0 ? 1 / pow(10, Double(-exponent)) : pow(10, Double(exponent))
    }

    /// A range of some length, whatever came in.
    private static func usable(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        let (low, high) = (range.lowerBound, range.upperBound)
        let largest = max(low.magnitude, high.magnitude)
        guard low.isFinite, high.isFinite, largest < 1e15, largest > 1e-6 else { return 0...1 }
        return high - low > largest * 1e-9 ? range : min(low * 0.5, low * 1.5)...max(low * 0.5, low * 1.5)
    }
}
