/// Times of many repetitions, in milliseconds.
struct Percentiles {
    private let sorted: [Double]

    /// - Precondition: there is at least one.
    init(_ milliseconds: [Double]) {
        precondition(!milliseconds.isEmpty, "percentiles of nothing")
        sorted = milliseconds.sorted()
    }

    /// The value that a share `q` (0...1) of all times does not exceed (nearest rank).
    func callAsFunction(_ q: Double) -> Double {
        sorted[min(sorted.count - 1, max(0, Int((q * Double(sorted.count)).rounded(.up)) - 1))]
    }
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}
