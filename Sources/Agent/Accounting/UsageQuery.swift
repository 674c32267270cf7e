import Accounting
import Resources
import Wire

/// A request for history, checked.
struct UsageQuery: Sendable {
    private static let defaultSpan = Microseconds.hours(1)
    private static let defaultPoints = 60
    /// How far back and ahead anything is asked for at most.
    private static let longestSpan = Microseconds.days(366 * 20)

    let range: Range<Timestamp>
    let step: Microseconds
    let metrics: [Metric]
    /// Nothing was said about the time.
    let isUnbounded: Bool
    private let points: Int
    private let wantedStep: Microseconds?

    /// - Throws: ``FieldError`` that names the field, the fault and the remedy.
    init(_ request: Surplus_V1_UsageRequest, at now: Timestamp) throws(FieldError) {
        let until = request.until == 0 ? now : try Field.timestamp(request.until, "until")
        let from = request.from == 0 ? until + -Self.defaultSpan : try Field.timestamp(request.from, "from")
        guard from < until else { throw FieldError("from", "is not before until: there is no time between them") }
        guard until - from <= Self.longestSpan else { throw FieldError("from", "is more than 20 years before until") }
        points =
            request.points == 0
            ? Self.defaultPoints : Int(try Field.integer(Int64(request.points), in: 1...Int64(Chart.mostPoints), "points"))
        wantedStep =
            request.stepMicroseconds == 0
            ? nil
            : Microseconds(
                try Field.integer(request.stepMicroseconds, in: 1_000_000...Self.longestSpan.rawValue, "step_microseconds"))
        guard wantedStep.map({ $0.rawValue.isMultiple(of: 1_000_000) }) ?? true else {
            throw FieldError("step_microseconds", "is no whole number of seconds")
        }
        isUnbounded = request.from == 0 && request.until == 0
        metrics = try Self.metrics(request.metrics)
        range = from..<until
        step = wantedStep ?? Chart.step(for: range, points: points)
    }

    private init(_ other: UsageQuery, range: Range<Timestamp>) {
        self.range = range
        metrics = other.metrics
        points = other.points
        wantedStep = other.wantedStep
        isUnbounded = false
        step = wantedStep ?? Chart.step(for: range, points: points)
    }

    /// The chart that is asked for, with nothing in it.
    ///
    /// - Throws: ``FieldError`` when it has too many points.
    func emptyChart() throws(FieldError) -> Chart {
        if let chart = Chart(range, step: step) { return chart }
        let span = range.upperBound - range.lowerBound
        throw FieldError(
            "step",
            "is \(step.text), of which \(span.shortText) have more than \(Chart.mostPoints): ask for a longer step or a shorter time"
        )
    }

    private static func metrics(_ names: [String]) throws(FieldError) -> [Metric] {
        try Field.count(names, atMost: Metric.Group.allCases.count, "metrics")
        guard !names.isEmpty else { return Metric.allCases }
        var groups: Set<Metric.Group> = []
        for name in names {
            guard let group = Metric.Group(rawValue: name) else {
                let known = Metric.Group.allCases.map(\.rawValue).joined(separator: ", ")
                throw FieldError("metrics", "has '\(name.prefix(64))'; there are \(known)")
            }
            groups.insert(group)
        }
        return Metric.allCases.filter { groups.contains($0.group) }
    }

    /// The same of another time.
    func over(_ range: Range<Timestamp>) -> UsageQuery { UsageQuery(self, range: range) }

    /// As it is asked of another node.
    func request(for target: String) -> Surplus_V1_UsageRequest {
        .with {
            $0.target = target
            $0.from = range.lowerBound.microseconds
            $0.until = range.upperBound.microseconds
            $0.stepMicroseconds = step.rawValue
            $0.metrics = Metric.Group.allCases.filter { group in metrics.contains { $0.group == group } }.map(\.rawValue)
        }
    }
}

extension Surplus_V1_UsageReply {
    /// A chart as it travels.
    init(_ chart: Chart, _ metrics: [Metric]) {
        self.init()
        from = chart.range.lowerBound.microseconds
        until = chart.range.upperBound.microseconds
        stepMicroseconds = chart.step.rawValue
        let starts = chart.points.indices.map { (chart.start + chart.step * Int64($0)).microseconds }
        incidents = zip(starts, chart.incidents).compactMap { $1 ? $0 : nil }
        let totals = chart.total
        for metric in metrics {
            guard let total = totals[metric] else {
                unmeasured.append(metric.name)
                continue
            }
            series.append(
                .with { series in
                    series.metric = metric.name
                    series.unit = metric.unit.rawValue
                    series.total = Surplus_V1_UsageFigures(total)
                    series.points = zip(starts, chart.points).compactMap { start, point in
                        point[metric].map { figures in
                            .with { ($0.at, $0.figures) = (start, Surplus_V1_UsageFigures(figures)) }
                        }
                    }
                })
        }
    }

    /// Refuses what no honest peer sends.
    func check() throws(FieldError) {
        try Field.count(series, atMost: Metric.allCases.count, "series")
        try Field.count(unmeasured, atMost: Metric.allCases.count, "unmeasured")
        try Field.count(incidents, atMost: Chart.mostPoints, "incidents")
        for series in series { try Field.count(series.points, atMost: Chart.mostPoints, "series.points") }
        for text in series.map(\.metric) + series.map(\.unit) + unmeasured + [target, kind, node] {
            _ = try Field.text(text, atMost: 256, "text")
        }
    }
}

extension Surplus_V1_UsageFigures {
    init(_ distribution: Distribution) {
        self.init()
        samples = distribution.count
        min = distribution.minimum
        mean = distribution.mean
        p50 = distribution.quantile(5000)
        p95 = distribution.quantile(9500)
        p99 = distribution.quantile(9900)
        max = distribution.maximum
    }
}
