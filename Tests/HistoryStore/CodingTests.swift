import Accounting
import Resources
import Testing

@testable import HistoryStore

@Suite("Packed rows")
struct CodingTests {
    /// Any row there can be: metrics of different counts, values of all magnitudes, times far away.
    private static func row(_ resolution: Resolution, _ random: inout SeededGenerator) -> RollUp {
        var values = MetricMap<Distribution>()
        for metric in Metric.allCases where random.chance(7000) {
            let magnitude = Int64.random(in: 0...62, using: &random)
            var distribution: Distribution?
            for _ in 0..<Int.random(in: 1...80, using: &random) {
                let value = Int64.random(in: 0...Int64.max, using: &random) >> magnitude
                let one = Distribution(
                    value, for: .milliseconds(random.chance(3000) ? .random(in: 1...999, using: &random) : 1000))
                if distribution?.merge(one) == nil { distribution = one }
            }
            values[metric] = distribution
        }
        let start = Timestamp(microseconds: .random(in: -4_000_000_000_000_000...4_000_000_000_000_000, using: &random))
        return RollUp(
            resolution, start: resolution.start(of: start), isIncident: random.chance(5000), values: values,
            split: random.chance(5000) ? split(&random) : nil, share: random.chance(3000) ? amount(&random) : nil)
    }

    private static func amount(_ random: inout SeededGenerator) -> ResourceTime {
        let magnitude = Int128.random(in: 0...98, using: &random)
        return ResourceTime(
            cpu: Int128.random(in: 0..<1 << 99, using: &random) >> magnitude,
            memory: (Int128.random(in: 0..<1 << 99, using: &random) >> magnitude) / 4096 * 4096)
    }

    private static func split(_ random: inout SeededGenerator) -> CapacitySplit {
        CapacitySplit(
            span: Microseconds(.random(in: 1...86_400_000_000, using: &random)), capacity: amount(&random),
            owner: amount(&random),
            leases: amount(&random))
    }

    @Test("Every row reads back as it was written", arguments: 0..<40 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for resolution in Resolution.allCases {
            let rows = (0..<5).map { _ in Self.row(resolution, &random) }
            var unpacked: [RollUp] = []
            for block in Block.pack(rows) {
                #expect(block.start == rows.filter { block.start == $0.start }.first?.start)
                unpacked += try block.unpacked()
            }
            #expect(unpacked == rows)
        }
    }

    @Test("Blocks stay as small as two fit a page, and say which time they cover")
    func blocks() throws {
        var measured = Measured()
        measured.run(8000)
        let rows = measured.chronicle.waiting.map(\.rollUp).filter { $0.resolution == .minute }
        for block in Block.pack(rows) {
            #expect(block.data.count <= 2000)
            let unpacked = try block.unpacked()
            #expect(block.start == unpacked.map(\.start).min())
            #expect(block.end == unpacked.map(\.end).max())
        }
    }

    @Test("What was changed or cut short is an error or another row, never a crash", arguments: 0..<12 as Range<UInt64>)
    func damaged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let block = Block(Self.row(.minute, &random))
        func isRefused(_ data: [UInt8]) -> Bool {
            let damaged = Block(.minute, start: block.start, end: block.end, rows: 1, data: data)
            return (try? damaged.unpacked()) == nil
        }
        for count in 0..<block.data.count { #expect(isRefused(Array(block.data.prefix(count))), "cut to \(count) bytes") }
        for _ in 0..<500 {
            var data = block.data
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                data[Int.random(in: data.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            _ = isRefused(data)
        }
        #expect(isRefused(block.data + [0]))
        #expect(isRefused((0..<64).map { _ in 0xff }))
    }
}
