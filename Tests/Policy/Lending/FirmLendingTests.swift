import Policy
import Resources
import Testing

@Suite("Firm lending")
struct FirmLendingTests {
    /// Use is uniform between nothing and `top`.
    private func uniform(upTo top: Int64) -> ExceedanceCurve {
        let levels = stride(from: Int64(0), through: 10_000, by: 100).map { BasisPoints($0) }
        return ExceedanceCurve(levels: levels, chances: levels.map { PartsPerMillion(max(0, top - $0.rawValue), of: top) })
    }

    private let appetite = Appetite(takenBack: .percent(1))

    @Test("Without a forecast nothing is promised")
    func unknown() {
        let promise = FirmLending(appetite: appetite).decide(nil, threshold: .percent(65))
        #expect(promise.amount == .zero)
        #expect(promise.reason == .unknown)
    }

    @Test("An owner who is above the threshold for sure gets no guests")
    func tooRisky() {
        let levels = [BasisPoints(0), 9000]
        let busy = ExceedanceCurve(levels: levels, chances: [.whole, .whole])
        let promise = FirmLending(appetite: appetite).decide(busy, threshold: .percent(65))
        #expect(promise.amount == .zero)
        #expect(promise.reason == .tooRisky)
    }

    @Test("Never more than the ceiling, and it says so")
    func ceiling() {
        let promise = FirmLending(appetite: appetite).decide(
            uniform(upTo: 1000), threshold: .percent(65), ceiling: .percent(30))
        #expect(promise.amount == .percent(30))
        #expect(promise.reason == .ceiling)
    }

    @Test("Owner and guests stay below the threshold at the use it names")
    func consistent() {
        let promise = FirmLending(appetite: appetite).decide(uniform(upTo: 3000), threshold: 6550)
        #expect(promise.amount + promise.keptUpTo == 6550)
        #expect(promise.risk == uniform(upTo: 3000).chance(above: promise.keptUpTo))
        #expect(promise.reason == .balanced)
    }

    @Test("A greater appetite lends no less, at the price each begins with")
    func appetites() {
        let amounts = [10, 50, 100, 175, 300, 1000].map {
            FirmLending(appetite: Appetite(takenBack: BasisPoints($0))).decide(uniform(upTo: 3000), threshold: .percent(65))
                .amount
        }
        #expect(amounts == amounts.sorted())
    }

    @Test("What stays within the tolerance is not counted")
    func tolerance() {
        var strict = FirmLending(appetite: appetite)
        var lenient = FirmLending(appetite: Appetite(takenBack: .percent(1), tolerance: .percent(5)))
        let amounts = (
            strict.promise(uniform(upTo: 3000), threshold: .percent(65)),
            lenient.promise(uniform(upTo: 3000), threshold: .percent(65))
        )
        #expect(amounts.1.amount >= amounts.0.amount + 400)
        lenient.observe(amounts.1.keptUpTo + .percent(5))
        #expect(lenient.takenBack == 0)
        _ = lenient.promise(uniform(upTo: 3000), threshold: .percent(65))
        lenient.observe(.whole)
        #expect(lenient.takenBack == 1)
    }

    /// Use above a level halves with each `half` basis points.
    private func tail(_ half: Int64) -> ExceedanceCurve {
        let levels = stride(from: Int64(0), through: 10_000, by: 50).map { BasisPoints($0) }
        return ExceedanceCurve(
            levels: levels, chances: levels.map { PartsPerMillion(Log2.power(-($0.rawValue << 16) / half), of: 1 << 16) })
    }

    /// A sample of such use.
    private func draw(_ half: Int64, _ random: inout SeededGenerator) -> BasisPoints {
        let octaves = 32 * Log2.octave - Log2.of(Int64.random(in: 1...1 << 32, using: &random))
        return BasisPoints(octaves * half / Log2.octave)
    }

    @Test(
        "Whether the forecast is right or wrong by a factor of two, what is taken back comes to the appetite",
        arguments: [(50, 8000), (100, 5000), (300, 2500), (1000, 1500)] as [(Int64, Int)])
    func feedback(share: Int64, samples: Int) {
        var random = SeededGenerator(seed: 17)
        for half in [150, 300, 600] as [Int64] {
            let forecast = tail(half)
            var lending = FirmLending(appetite: Appetite(takenBack: BasisPoints(share)))
            for _ in 0..<samples {
                _ = lending.promise(forecast, threshold: .percent(65))
                lending.observe(draw(300, &random))
            }
            let observed = lending.observed.rawValue
            #expect((share * 80...share * 120).contains(observed), "\(observed) ppm, forecast \(half)")
        }
    }

    @Test("It comes back to the appetite after the owner's habits change")
    func change() {
        var random = SeededGenerator(seed: 5)
        let forecast = tail(300)
        var lending = FirmLending(appetite: appetite)
        for day in 0..<60 {
            for _ in 0..<96 {
                _ = lending.promise(forecast, threshold: .percent(65))
                lending.observe(draw(day < 30 ? 150 : 500, &random))
            }
        }
        #expect((8000...12_000).contains(lending.observed.rawValue), "\(lending.observed)")
    }

    @Test("A forecast that is sure and wrong gets small loans in the end")
    func sureAndWrong() {
        let sure = ExceedanceCurve(levels: [0, 1000, 2000, 3000, 4000, 5000, 6000], chances: Array(repeating: 0, count: 7))
        var lending = FirmLending(appetite: appetite)
        for _ in 0..<50 {
            _ = lending.promise(sure, threshold: .percent(65))
            lending.observe(.percent(62))
        }
        #expect(lending.decide(sure, threshold: .percent(65)).amount <= .percent(5))
    }

    @Test("A term of several samples is watched to its end, a missing sample teaches nothing")
    func terms() {
        var lending = FirmLending(appetite: appetite, horizon: 3)
        _ = lending.promise(uniform(upTo: 2000), threshold: .percent(65))
        lending.observe(0)
        lending.observe(nil)
        lending.observe(.whole)
        lending.observe(.whole)
        #expect(lending.promised == 2)
        #expect(lending.takenBack == 1)
    }

    @Test("At most one term for each sample of the horizon is watched, however often it is asked")
    func bounded() {
        var lending = FirmLending(appetite: appetite, horizon: 12)
        for _ in 0..<1000 { _ = lending.promise(uniform(upTo: 2000), threshold: .percent(65)) }
        lending.observe(0)
        #expect(lending.promised == 12)
    }

    @Test("It explains itself with the readings behind it")
    func explanation() {
        var lending = FirmLending(appetite: appetite)
        let forecast = uniform(upTo: 2000)
        _ = lending.promise(forecast, threshold: .percent(65))
        lending.observe(.zero)
        let promise = lending.decide(forecast, threshold: .percent(65))
        let explanation = lending.explain(promise, forecast, threshold: .percent(65), samplesSeen: 40, samplesNeeded: 12)
        #expect(explanation.median == .percent(10))
        #expect(explanation.exceededInATenth == .percent(18))
        #expect(explanation.samplesSeen == 40)
        #expect(explanation.text.contains("\(promise.amount.shortText) can be promised"))
        #expect(explanation.text.contains("0% of lease time was taken back so far, 1% is accepted"))
        let unknown = lending.explain(
            lending.decide(nil, threshold: .percent(65)), nil, threshold: .percent(65), samplesSeen: 3, samplesNeeded: 12)
        #expect(unknown.median == nil)
        #expect(unknown.text.hasPrefix("nothing can be promised yet: 3 of 12 samples"))
        let fresh = FirmLending(appetite: appetite)
        let first = fresh.explain(promise, forecast, threshold: .percent(65), samplesSeen: 40, samplesNeeded: 12)
        #expect(!first.text.contains("so far"))
    }

    @Test("The price stays in bounds: after a year of take-backs, and after one without, it finds back")
    func priceBounds() {
        for always in [BasisPoints.zero, .whole] {
            var lending = FirmLending(appetite: Appetite(takenBack: .percent(5)))
            for _ in 0..<100_000 {
                _ = lending.promise(uniform(upTo: 3000), threshold: .percent(65))
                lending.observe(always)
            }
            #expect(lending.price.amount > .zero)
        }
    }
}

@Suite("Elastic lending")
struct ElasticLendingTests {
    private let curve = ExceedanceCurve(levels: [0, 1000, 2000, 9000], chances: [.whole, 500_000, 100_000, 0])

    private func lending(_ chance: PartsPerMillion) -> ElasticLending { ElasticLending(chance: chance, calmRoom: .zero) }

    @Test("It leaves room up to the level that is exceeded with its chance")
    func level() {
        #expect(lending(500_000).room(curve, usage: 900, threshold: 6500) == 5500)
        #expect(lending(100_000).room(curve, usage: 900, threshold: 6500) == 4500)
    }

    @Test("It leaves room for a smaller chance too where that takes little, and up to a bound where it takes much")
    func calm() {
        func room(_ bound: BasisPoints) -> BasisPoints {
            ElasticLending(chance: 500_000, calmChance: 100_000, calmRoom: bound).room(curve, usage: 900, threshold: 6500)
        }
        #expect([50, 500, 1100, 3000].map(room) == [5500, 5100, 4500, 4500])
        #expect(ElasticLending(chance: 10_000, calmChance: 20_000).calmChance == 10_000)
    }

    @Test("What is firm stays lent, and the ceiling holds")
    func bounds() {
        #expect(lending(1).room(curve, usage: 900, threshold: 6500, firm: 700) == 700)
        #expect(lending(500_000).room(curve, usage: 900, threshold: 6500, ceiling: 3000) == 3000)
    }

    @Test("Without a forecast the last use counts, without that there is nothing but what is firm")
    func unknown() {
        #expect(ElasticLending().room(nil, usage: 900, threshold: 6500) == 5600)
        #expect(ElasticLending().room(nil, usage: nil, threshold: 6500, firm: 300) == 300)
        #expect(ElasticLending().room(curve, usage: nil, threshold: 6500, firm: 300) == 300)
    }
}
