/// How much of the machines was in use over time.
enum UtilisationSection {
    static func section(_ report: TraceReport, _ details: TraceDetails) -> ReportSection {
        let words =
            "At each time the mean over the machines with a sample. Of what is lent only what lies below each machine's threshold "
            + "counts. Elastic loans are shown as if they stood still within a sample, though in truth they follow the owner. The "
            + "bound lies above the threshold where owners themselves do."
        return ReportSection(
            title: "Use over time", words: [words],
            figures: [
                ReportFigure(
                    caption: "What is in use, of all capacity", plot: plot(report, details.series).svg,
                    table: table(details.hours),
                    nothing: "No sample was judged, so there is nothing to draw over time.")
            ])
    }

    private static func plot(_ report: TraceReport, _ series: [TraceDetails.Stretch]) -> LinePlot {
        let runs = runs(series)
        func line(_ name: String, _ ink: Ink, _ value: KeyPath<TraceDetails.Stretch, Double>) -> LinePlot.Line {
            LinePlot.Line(
                name, ink,
                runs: runs.map { $0.map { (Double($0.fromMinutes + $0.toMinutes) / 120, $0[keyPath: value]) } })
        }
        let end = Double(series.last?.toMinutes ?? 60) / 60
        let highest = series.map(\.foresightPercent).max() ?? 0
        let threshold = LinePlot.Line(
            "threshold", Ink(.vermilion, dash: .short),
            runs: series.isEmpty ? [] : [[(0, report.thresholdPercent), (end, report.thresholdPercent)]])
        return LinePlot(
            id: "use", title: "Use over time",
            description: "The mean over time is \(DecimalText.percent(report.ownersPercent)) for owners alone, "
                + "\(DecimalText.percent(report.firm.utilisationPercent)) with firm loans, "
                + "\(DecimalText.percent(report.total.utilisationPercent)) with firm and elastic loans, and "
                + "\(DecimalText.percent(report.oracle.utilisationPercent)) at most, with perfect foresight.",
            x: .time(upTo: end), y: Axis("share of all capacity (%)", .covering(0...max(highest, report.thresholdPercent))),
            lines: [
                line("bound: perfect foresight", Ink(.grey, dash: .dots), \.foresightPercent), threshold,
                line("with firm and elastic loans", Ink(.green, dash: .long), \.withFirmAndElasticPercent),
                line("with firm loans", Ink(.blue), \.withFirmPercent), line("owners alone", Ink(.text), \.ownersPercent),
            ])
    }

    /// Stretches that follow each other without a gap.
    private static func runs(_ series: [TraceDetails.Stretch]) -> [[TraceDetails.Stretch]] {
        series.reduce(into: []) { runs, stretch in
            if let last = runs.last?.last, last.toMinutes == stretch.fromMinutes {
                runs[runs.count - 1].append(stretch)
            } else {
                runs.append([stretch])
            }
        }
    }

    private static func table(_ hours: [TraceDetails.Stretch]) -> ReportTable {
        ReportTable(
            heads: ["From (h:min)", "Samples", "Owners", "With firm", "With firm and elastic", "Bound"],
            rows: hours.map { stretch in
                let minutes = stretch.fromMinutes % 60
                let time = "\(stretch.fromMinutes / 60):\(minutes < 10 ? "0" : "")\(minutes)"
                return [time, DecimalText.count(stretch.samples)]
                    + [
                        stretch.ownersPercent, stretch.withFirmPercent, stretch.withFirmAndElasticPercent,
                        stretch.foresightPercent,
                    ].map(DecimalText.percent)
            })
    }
}
