import Resources

/// What the owner of one machine uses, and what it would like to borrow, hour by hour. Both come from a generator of its own, so
/// that they stay the same whatever else of a run is changed.
struct Workload: Sendable {
    let capacity: Amounts
    /// The owner's use, as a share of what owners use on average.
    private let busyness: BasisPoints
    /// What is wanted in the middle of a burst of average size.
    private let burst: Millicores
    private var random: SeededGenerator
    private var hoursLeft: Int64 = 0
    private var wanted = Millicores.zero

    init(demand: BasisPoints, random: SeededGenerator) {
        var random = random
        capacity = Amounts(cpu: .cores(4 * .random(in: 1...4, using: &random)))
        busyness = BasisPoints(.random(in: 6_000...14_000, using: &random))
        burst = demand.of(BasisPoints(.random(in: 2_500...17_500, using: &random)).of(capacity.cpu))
        self.random = random
    }

    /// What comes in the next hour. Always draws alike, so that what was drawn before says nothing of how much.
    mutating func next(_ hour: HourOfWeek) -> (ownerUsage: Amounts, wanted: Millicores) {
        let noise = BasisPoints(.random(in: -800...800, using: &random))
        let begins = random.chance(hour.burstChance)
        let hours = Int64.random(in: 1...8, using: &random)
        let size = BasisPoints(.random(in: 5_000...15_000, using: &random)).of(burst)
        hoursLeft = max(0, hoursLeft - 1)
        if hoursLeft == 0 { (hoursLeft, wanted) = begins ? (hours, size) : (0, .zero) }
        let usage = min(max(busyness.of(hour.ownerUsage) + noise, .zero), .whole)
        return (Amounts(cpu: usage.of(capacity.cpu)), wanted)
    }
}

/// An hour of the week, which begins on Monday. All machines of a pool stand in one time zone: everybody is short at the same time.
struct HourOfWeek: Sendable {
    let day: Int
    let hour: Int

    /// - Parameter number: counted from the beginning of a week.
    init(_ number: Int) { (day, hour) = (number / 24 % 7, number % 24) }

    private var isWorking: Bool { day < 5 && (9..<18).contains(hour) }
    private var isMarginal: Bool { day < 5 && (7..<22).contains(hour) }

    /// What owners use on average.
    var ownerUsage: BasisPoints { isWorking ? .percent(65) : isMarginal ? .percent(35) : .percent(15) }

    /// How often who wants nothing begins to want something.
    var burstChance: BasisPoints { isWorking ? 600 : 150 }
}
