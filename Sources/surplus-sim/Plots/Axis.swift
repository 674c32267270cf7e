import Foundation

/// What an axis says, and where values lie along it.
struct Axis {
    enum Scale { case linear, logarithmic, squareRoot }

    struct Tick {
        let value: Double
        let label: String
    }

    /// With the unit.
    let title: String
    let scale: Scale
    let range: ClosedRange<Double>
    let ticks: [Tick]

    init(_ title: String, _ ticks: Ticks, _ scale: Scale = .linear) {
        let labelled = zip(ticks.values, ticks.labels).map { Tick(value: $0, label: $1) }
        self.init(title: title, scale: scale, range: ticks.range, ticks: labelled)
    }

    private init(title: String, scale: Scale, range: ClosedRange<Double>, ticks: [Tick]) {
        (self.title, self.scale, self.range, self.ticks) = (title, scale, range, ticks)
    }

    /// Time from the beginning, in hours, or in days where it is long; ticks at whole ones.
    ///
    /// - Parameter end: in hours.
    static func time(upTo end: Double) -> Axis {
        let end = end.isFinite && end > 0 ? min(end, 1e9) : 1
        var step = [1, 2, 3, 6, 12, 24, 48, 120, 240].first { end / Double($0) <= 12 } ?? 240
        while end / Double(step) > 12 { step *= 2 }
        let isInDays = step >= 24
        let ticks = stride(from: 0, through: Int(end), by: step).map {
            Tick(value: Double($0), label: "\(isInDays ? $0 / 24 : $0)")
        }
        return Axis(title: "\(isInDays ? "days" : "hours") from the beginning", scale: .linear, range: 0...end, ticks: ticks)
    }

    /// Words in the middle of bands of equal width; the first is at 0, the next at 1, and so on.
    static func categories(_ title: String, _ names: [String]) -> Axis {
        Axis(
            title: title, scale: .linear, range: -0.5...max(0.5, Double(names.count) - 0.5),
            ticks: names.enumerated().map { Tick(value: Double($0.offset), label: $0.element) })
    }

    /// Values at the edges of bands of equal width, the first before the band at 0: one more than there are bands.
    static func edges(_ title: String, _ values: [String]) -> Axis {
        Axis(
            title: title, scale: .linear, range: -0.5...max(0.5, Double(values.count) - 1.5),
            ticks: values.enumerated().map { Tick(value: Double($0.offset) - 0.5, label: $0.element) })
    }

    /// - Returns: 0 at the lower end to 1 at the upper; what lies beyond an end lies at it.
    func position(_ value: Double) -> Double {
        func along(_ value: Double) -> Double {
            switch scale {
            case .linear: value
            case .logarithmic: log10(max(value, range.lowerBound))
            case .squareRoot: max(0, value).squareRoot()
            }
        }
        let (low, high) = (along(range.lowerBound), along(range.upperBound))
        return min(1, max(0, (along(value) - low) / (high - low)))
    }
}
