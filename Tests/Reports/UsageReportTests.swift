import Resources
import Testing

@testable import Reports

@Suite("Usage over time")
struct UsageReportTests {
    private func figures(_ value: Int64, samples: Int64 = 60) -> UsageReport.Figures {
        .init(samples: samples, min: 0, mean: value, p50: value, p95: value, p99: value, max: 8 * value)
    }

    private func report(_ values: [Int64?], metric: String = "cpu", unit: String = "millicores") -> UsageReport {
        let start = Samples.now.microseconds / 60_000_000 * 60_000_000
        let points = values.enumerated().compactMap { index, value in
            value.map {
                UsageReport.Point(
                    at: CivilTime(Timestamp(microseconds: start + Int64(index) * 60_000_000)), figures: figures($0))
            }
        }
        return UsageReport(
            target: "lse_1", kind: "lease", node: "node2", from: Timestamp(microseconds: start),
            until: Timestamp(microseconds: start + Int64(values.count) * 60_000_000), step: .minutes(1), interval: .seconds(1),
            series: points.isEmpty ? [] : [.init(metric: metric, unit: unit, total: figures(1000), points: points)],
            unmeasured: ["network_sent"], incidents: [Timestamp(microseconds: start)])
    }

    @Test("A value is as high as its part of the greatest; nothing is a gap, and more than nothing is more than zero")
    func sparkline() {
        let line = Sparkline(values: [0, 1, 4, 8, nil, 9], top: 8)
        #expect(line.text(on: Samples.wide) == "_.+@ @")
        var page = Samples.wide
        page.blocks = true
        #expect(line.text(on: page) == "▁▂▅█ █")
        #expect(Sparkline(values: [0, 0], top: 0).text(on: page) == "▁▁")
    }

    @Test(
        "Figures come in the units that people use",
        arguments: [
            ("millicores", "1 core"), ("bytes", "0.977 KiB"), ("bytes_per_second", "0.977 KiB/s"), ("thousandths", "100%"),
            ("basis_points", "10%"), ("hundredths", "10.00"), ("parsecs", "1000 parsecs"),
        ])
    func units(unit: String, text: String) {
        #expect(report([1], unit: unit).text(on: Samples.wide).contains(" \(text) "))
    }

    @Test("It says what was measured where, what was not, and when a threshold was exceeded")
    func head() {
        let text = report([1000, nil, 8000]).text(on: Samples.wide)
        #expect(text.contains("lease         lse_1"))
        #expect(text.contains("measured by   node2"))
        #expect(text.contains("not measured  network_sent"))
        #expect(text.contains("exceeded in 1 point"))
        #expect(text.hasSuffix("  . @\n"), "\(text)")
        #expect(report([]).text(on: Samples.wide).contains("Nothing was measured in this time."))
    }

    @Test("A narrow page has no chart, and no line is wider than the page")
    func narrow() {
        for width in [40, 60, 86, 100, 200] {
            var page = Samples.wide
            page.width = width
            let text = report(Array(repeating: 1000, count: 500), metric: "memory_pressure_full").text(on: page)
            for line in text.split(separator: "\n") { #expect(line.count <= width, "\(width): \(line)") }
            #expect(text.contains("OVER TIME") == (width >= 86))
        }
    }

    @Test("More points than columns share them by their mean")
    func shared() {
        var page = Samples.wide
        page.width = 86
        let text = report((0..<40).map { $0 < 20 ? 0 : 8000 }).text(on: page)
        #expect(text.hasSuffix(String(repeating: "_", count: 10) + String(repeating: "@", count: 10) + "\n"), "\(text)")
    }

    @Test("JSON has one object for each series and point, in whole numbers of the unit")
    func json() throws {
        let json = try report([1000]).json(compact: true)
        #expect(
            json.contains(
                #""at":"2026-11-21T07:58:00.000000Z","max":8000,"mean":1000,"min":0,"p50":1000,"p95":1000,"p99":1000,"samples":60"#
            ))
        #expect(json.contains(#""metric":"cpu""#) && json.contains(#""unit":"millicores""#))
        #expect(json.contains(#""step_microseconds":60000000"#) && json.contains(#""unmeasured":["network_sent"]"#))
    }
}
