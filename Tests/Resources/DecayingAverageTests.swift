import Resources
import Testing

@Suite("Decaying average")
struct DecayingAverageTests {
    private func at(_ seconds: Int64) -> Instant { Instant(microseconds: seconds * 1_000_000) }

    @Test("The first sample is the level")
    func first() {
        var average = DecayingAverage<Millicores>(halfLife: .seconds(10))
        #expect(average.level == .zero)
        average.record(800, at: at(5))
        #expect(average.level == 800)
    }

    @Test("In each half-life it goes half of the way", arguments: [0, 4000] as [Int64])
    func halves(_ target: Int64) {
        var average = DecayingAverage<Millicores>(halfLife: .seconds(10))
        average.record(2000, at: at(0))
        var distance = 2000 - target
        for halving in 1...4 {
            average.record(Millicores(target), at: at(Int64(halving) * 10))
            distance /= 2
            #expect(abs(average.level.rawValue - target - distance) <= 1)
        }
    }

    @Test("However the time is cut, it stays between the samples it has seen and reaches a constant one")
    func bounded() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            var average = DecayingAverage<Bytes>(halfLife: .seconds(10))
            var now = at(0)
            var seen: (low: Bytes, high: Bytes)?
            for _ in 0..<50 {
                let sample = Bytes(Int64.random(in: 0...Bounds.memory.rawValue, using: &random))
                now = now + random.span(.zero ... .seconds(60))
                average.record(sample, at: now)
                seen = (min(seen?.low ?? sample, sample), max(seen?.high ?? sample, sample))
                #expect(seen.map { ($0.low...$0.high).contains(average.level) } == true)
            }
            average.record(.gibibytes(3), at: now + .days(1))
            #expect(average.level == .gibibytes(3))
            average.record(Bounds.memory, at: now + .days(2))
            #expect(average.level == Bounds.memory)
        }
    }

    @Test("A sample from before the last counts as simultaneous with it")
    func backwards() {
        var average = DecayingAverage<Millicores>(halfLife: .seconds(10))
        average.record(1000, at: at(100))
        average.record(0, at: at(50))
        #expect(average.level == 1000)
        average.record(0, at: at(110))
        #expect(average.level == 500)
    }
}
