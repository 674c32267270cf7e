import Reports
import Resources
import Wire

extension UsageReport {
    init(_ reply: Surplus_V1_UsageReply) {
        self.init(
            target: reply.target, kind: reply.kind, node: reply.node, from: Timestamp(microseconds: reply.from),
            until: Timestamp(microseconds: reply.until), step: Microseconds(reply.stepMicroseconds),
            interval: Microseconds(reply.intervalMicroseconds),
            series: reply.series.map { series in
                Series(
                    metric: series.metric, unit: series.unit, total: Figures(series.total),
                    points: series.points.map {
                        Point(at: CivilTime(Timestamp(microseconds: $0.at)), figures: Figures($0.figures))
                    })
            }, unmeasured: reply.unmeasured, incidents: reply.incidents.map { Timestamp(microseconds: $0) })
    }
}

extension UsageReport.Figures {
    init(_ figures: Surplus_V1_UsageFigures) {
        self.init(
            samples: figures.samples, min: figures.min, mean: figures.mean, p50: figures.p50, p95: figures.p95, p99: figures.p99,
            max: figures.max)
    }
}
