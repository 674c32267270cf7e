import Resources

/// What a node, a lease or a job used over time.
package struct UsageReport: Report {
    /// One metric over time. Values are whole numbers of ``unit``.
    package struct Series: Encodable, Sendable {
        let metric: String
        let unit: String
        let total: Figures
        /// Those in which something was measured, by time.
        let points: [Point]

        package init(metric: String, unit: String, total: Figures, points: [Point]) {
            self.metric = metric
            self.unit = unit
            self.total = total
            self.points = points
        }
    }

    package struct Point: Encodable, Sendable {
        private enum Key: String, CodingKey { case at }

        let at: CivilTime
        let figures: Figures

        package init(at: CivilTime, figures: Figures) {
            self.at = at
            self.figures = figures
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(at, forKey: .at)
            try figures.encode(to: encoder)
        }
    }

    package struct Figures: Hashable, Encodable, Sendable {
        package var samples: Int64
        package var min: Int64
        package var mean: Int64
        package var p50: Int64
        package var p95: Int64
        package var p99: Int64
        package var max: Int64

        package init(samples: Int64, min: Int64, mean: Int64, p50: Int64, p95: Int64, p99: Int64, max: Int64) {
            self.samples = samples
            self.min = min
            self.mean = mean
            self.p50 = p50
            self.p95 = p95
            self.p99 = p99
            self.max = max
        }
    }

    let target: String
    let kind: String
    /// The node that measured it.
    let node: String
    /// The beginning of the first point and the end of the last.
    let from: CivilTime
    let until: CivilTime
    let stepMicroseconds: Int64
    let intervalMicroseconds: Int64
    let series: [Series]
    /// Metrics of which nothing was measured in this time.
    let unmeasured: [String]
    /// The beginnings of the points in which a threshold was exceeded.
    let incidents: [CivilTime]

    package init(
        target: String, kind: String, node: String, from: Timestamp, until: Timestamp, step: Microseconds,
        interval: Microseconds, series: [Series], unmeasured: [String], incidents: [Timestamp]
    ) {
        self.target = target
        self.kind = kind
        self.node = node
        self.from = CivilTime(from)
        self.until = CivilTime(until)
        stepMicroseconds = step.rawValue
        intervalMicroseconds = interval.rawValue
        self.series = series
        self.unmeasured = unmeasured
        self.incidents = incidents.map { CivilTime($0) }
    }

    // MARK: For people

    /// The columns of all that stands beside a chart.
    private static let figureColumns = 66
    private static let chartColumns = 20...120

    /// How many columns a chart has on a page; none where there is no room for one.
    package static func chartWidth(on page: Page) -> Int {
        if page.isPlain { return 0 }
        guard let width = page.width else { return 60 }
        let rest = width - figureColumns
        return rest < chartColumns.lowerBound ? 0 : Swift.min(rest, chartColumns.upperBound)
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add(kind, kind == "node" ? node : target, .strong)
        if kind != "node" { sheet.add("measured by", node) }
        sheet.add(
            "time", "\(from.clock(on: page)) to \(until.clock(on: page)), \(Microseconds(stepMicroseconds).shortText) a point")
        if !incidents.isEmpty {
            sheet.add(
                "threshold", "exceeded in \(counted(incidents.count, "point")), first at \(incidents[0].clock(on: page))",
                .warning)
        }
        if !unmeasured.isEmpty { sheet.add("not measured", unmeasured.joined(separator: ", ")) }
        guard !series.isEmpty else {
            return sheet.text(on: page) + page.gap + page.hint("Nothing was measured in this time.")
        }
        return sheet.text(on: page) + page.gap + table(on: page)
    }

    private func table(on page: Page) -> String {
        let width = Self.chartWidth(on: page)
        var table = Table(
            [
                .init("METRIC", .left, .shortened), .init("MIN", .right, .omitted), .init("MEAN", .right), .init("P95", .right),
                .init("MAX", .right),
            ]
                + (width > 0 ? [.init("OVER TIME, 0 TO MAX", .left, .omitted)] : []))
        for series in series {
            let figures = [series.total.min, series.total.mean, series.total.p95, series.total.max]
            let line = Sparkline(values: columns(of: series, atMost: width), top: series.total.max).text(on: page)
            table.add(
                [.init(series.metric, .strong)] + figures.map { .init(Self.text($0, series.unit, on: page)) }
                    + (width > 0 ? [.init(line)] : []))
        }
        return table.text(on: page)
    }

    /// The means of the points in as many columns as there are points, or as there is room for.
    private func columns(of series: Series, atMost width: Int) -> [Int64?] {
        let count = Int((until.timestamp - from.timestamp).rawValue / Swift.max(1, stepMicroseconds))
        guard width > 0, count > 0, count <= 100_000 else { return [] }
        let share = (count + width - 1) / width
        var sums = [(sum: Int128, samples: Int128)](repeating: (0, 0), count: (count + share - 1) / share)
        for point in series.points {
            let index = Int((point.at.timestamp - from.timestamp).rawValue / stepMicroseconds) / share
            guard sums.indices.contains(index) else { continue }
            sums[index].sum += Int128(point.figures.mean) * Int128(point.figures.samples)
            sums[index].samples += Int128(point.figures.samples)
        }
        return sums.map { $0.samples > 0 ? Int64(clamping: $0.sum / $0.samples) : nil }
    }

    private static func text(_ value: Int64, _ unit: String, on page: Page) -> String {
        switch unit {
        case "millicores": page.figure(Millicores(value))
        case "bytes": page.figure(Bytes(value))
        case "bytes_per_second": page.figure(Bytes(value)) + "/s"
        case "thousandths": page.figure(BasisPoints(value * 10))
        case "basis_points": page.figure(BasisPoints(value))
        case "hundredths": hundredths(value)
        default: "\(value) \(unit)".printable
        }
    }

    private static func hundredths(_ value: Int64) -> String {
        let rest = value % 100
        return "\(value / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
