import Accounting
import Foundation
import HistoryStore
import Resources

/// A year of a machine and 20 applications, as it is on disk at its end: 10 minutes of seconds, a week of minutes, a year of hours
/// and days. What they use comes and goes as programs' use does: quiet for half an hour, then busy for a quarter; each row is drawn from a few hundred
/// that were made up beforehand.
struct YearOfHistory {
    struct Figures {
        var rows: Int
        var bytesPerRow: Double
        /// In MB.
        var size: Double
        /// The slowest of several charts, in milliseconds.
        var slowest: Double
    }

    private static let applications = 20
    private static let end = Timestamp(microseconds: 1_798_761_600_000_000)

    private let subjects =
        [Subject.machine] + (1...UInt64(applications)).map { Subject.lease(LeaseID(high: $0, low: 1)) }

    func measured() throws -> Figures {
        let directory = NSTemporaryDirectory() + "/surplus-year-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try HistoryStore(path: directory + "/history.sqlite", limit: .gibibytes(1))
        try write(.day, from: Self.end + -.days(365), every: .seconds(60), to: store)
        try write(.hour, from: Self.end + -.days(365), every: .seconds(2), to: store)
        try write(.minute, from: Self.end + -.days(7), every: .seconds(1), to: store)
        try write(.second, from: Self.end + -.minutes(10), every: .seconds(1), to: store)
        let contents = try store.contents()
        let rows = contents.rows.values.reduce(0, +)
        return Figures(
            rows: rows, bytesPerRow: Double(contents.bytes.rawValue) / Double(rows),
            size: Double(contents.bytes.rawValue) / 1e6, slowest: try slowest(in: store))
    }

    /// Writes rows of one resolution, an hour or a day of all series at a time, as they come in when measured.
    ///
    /// - Parameter step: of the samples in a row; longer than in truth for hours and days, which changes the numbers in them but
    ///   hardly how many bytes they take.
    private func write(_ resolution: Resolution, from start: Timestamp, every step: Microseconds, to store: HistoryStore) throws {
        var random = SeededGenerator(seed: UInt64(resolution.rawValue))
        let drawn = resolution == .day ? 20 : resolution == .hour ? 100 : 400
        let rows = [true, false].map { isMachine in
            var source = Source(seed: isMachine ? 1 : 2, isMachine: isMachine)
            return (0..<drawn).map { _ in source.row(resolution, at: start, every: step) }
        }
        var time = start
        while time < Self.end {
            let end = min(time + max(resolution.span, .hours(1)), Self.end)
            var batch: [HistoryRow] = []
            for subject in subjects {
                var at = time
                while at < end {
                    var row = rows[subject == .machine ? 0 : 1][Int.random(in: 0..<drawn, using: &random)]
                    row.start = at
                    batch.append(HistoryRow(subject, row))
                    at = at + resolution.span
                }
            }
            try store.write(HistoryBatch(rows: batch))
            time = end
        }
    }

    private func slowest(in store: HistoryStore) throws -> Double {
        let ranges: [(Range<Timestamp>, Microseconds)] = [
            (Self.end + -.days(365)..<Self.end, .days(7)), (Self.end + -.days(365)..<Self.end, .hours(6)),
            (Self.end + -.days(80)..<Self.end, .hours(1)), (Self.end + -.days(7)..<Self.end, .minutes(10)),
            (Self.end + -.days(1)..<Self.end, .minutes(1)), (Self.end + -.minutes(10)..<Self.end, .seconds(1)),
        ]
        var slowest = 0.0
        for subject in [subjects[0], subjects[7]] {
            for (range, step) in ranges {
                let began = ContinuousClock.now
                guard var chart = Chart(range, step: step) else { continue }
                let oldest = Dictionary(
                    uniqueKeysWithValues: try Resolution.allCases.map { ($0, try store.oldest($0, of: subject)) })
                for part in ChartPlan(range, step: step, now: Self.end, oldest: { oldest[$0] ?? nil }).parts {
                    for row in try store.rows(of: subject, part.resolution, in: part.range) { chart.add(row, Metric.allCases) }
                }
                slowest = max(slowest, (ContinuousClock.now - began).milliseconds)
            }
        }
        return slowest
    }
}

extension YearOfHistory {
    /// What one subject uses.
    struct Source {
        private var random: SeededGenerator
        private let isMachine: Bool
        private var isBusy = false
        private var cpu: Int64 = 20
        private var memory: Int64 = 300 << 20

        init(seed: UInt64, isMachine: Bool) {
            random = SeededGenerator(seed: seed)
            self.isMachine = isMachine
        }

        /// A row of `resolution` that begins at `time`, made of a sample each `step`.
        mutating func row(_ resolution: Resolution, at time: Timestamp, every step: Microseconds) -> RollUp {
            var row: RollUp?
            for _ in 0..<max(1, resolution.span.rawValue / step.rawValue) {
                let sample = RollUp(next(for: step), at: time, isIncident: false)
                if row?.merge(sample) == nil { row = sample }
            }
            return RollUp(resolution, start: time, isIncident: false, values: row?.values ?? MetricMap())
        }

        private mutating func next(for span: Microseconds) -> Sample {
            if random.chance(isBusy ? 10 : 6) { isBusy.toggle() }
            cpu = near(isBusy ? 900 : 15, by: isBusy ? 300 : 12)
            memory = max(50 << 20, memory + Int64.random(in: -400...400, using: &random) * 4096)
            var values = MetricMap<Int64>()
            values[.cpu] = cpu
            values[.memory] = memory
            values[.diskRead] = isBusy && random.chance(3000) ? near(2 << 20, by: 2 << 20) / 4096 * 4096 : 0
            values[.diskWritten] = random.chance(isBusy ? 5000 : 500) ? near(1 << 20, by: 1 << 20) / 4096 * 4096 : 0
            if isMachine {
                values[.networkReceived] = near(isBusy ? 3_000_000 : 4000, by: isBusy ? 2_000_000 : 3000)
                values[.networkSent] = near(isBusy ? 900_000 : 3000, by: isBusy ? 500_000 : 2500)
                values[.diskBusy] = isBusy ? near(200, by: 150) : 3
                values[.cpuPressure] = isBusy ? near(600, by: 500) : 0
                values[.cpuPressureFull] = 0
                values[.memoryPressure] = 0
                values[.memoryPressureFull] = 0
                values[.ioPressure] = isBusy ? near(300, by: 250) : near(5, by: 5)
                values[.ioPressureFull] = isBusy ? near(200, by: 150) : near(3, by: 3)
                values[.load] = near(isBusy ? 220 : 10, by: 10)
            }
            return Sample(span: span, values: values)
        }

        private mutating func near(_ value: Int64, by distance: Int64) -> Int64 {
            max(0, value + Int64.random(in: -distance...distance, using: &random))
        }
    }
}
