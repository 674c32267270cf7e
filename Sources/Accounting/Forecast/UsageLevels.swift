import Resources

/// The levels of use, as shares of the capacity, that forecasts tell apart: quarters of a point up to 4%, halves up to 10%, whole
/// points above. An idle machine's use moves in small steps, and there what is rounded away is lent to nobody.
enum UsageLevels {
    static let all: [BasisPoints] = [
        stride(from: Int64(0), to: 400, by: 25), stride(from: 400, to: 1000, by: 50), stride(from: 1000, to: 10_001, by: 100),
    ].flatMap { $0.map(BasisPoints.init(_:)) }

    /// How many levels there are up to and including the lowest that is not below `level`; all of them when none is.
    static func count(upTo level: BasisPoints) -> Int {
        (all.firstIndex { $0 >= level } ?? all.count - 1) + 1
    }
}
