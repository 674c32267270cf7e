/// How much more is lent where more may be taken back.
enum RiskSection {
    private struct Rule {
        let name: String
        let ink: Ink
        let figures: TraceReport.Figures
    }

    static func section(_ report: TraceReport, _ details: TraceDetails) -> ReportSection {
        let words =
            "Each point of the line is firm lending with one appetite, which stands beside it; the ring is the chosen one. Further up "
            + "is more lent, further left is less taken back. The axis of what is taken back is drawn out towards zero: distances "
            + "along it go by the square root."
        return ReportSection(
            title: "Lent against taken back", words: [words],
            figures: [
                ReportFigure(
                    caption: "What is lent for which share of lease time taken back", plot: plot(report, details.curve).svg,
                    table: table(report, details.curve),
                    nothing: "No sample was judged, so there is no risk to draw.")
            ])
    }

    private static func rules(_ report: TraceReport) -> [Rule] {
        [
            Rule(name: "foresight", ink: Ink(.grey, shape: .diamond), figures: report.oracle),
            Rule(name: "last sample", ink: Ink(.vermilion, shape: .square), figures: report.lastSample),
            Rule(name: "maximum of an hour", ink: Ink(.orange, shape: .triangle), figures: report.recentMaximum),
            Rule(
                name: "maximum of an hour less 10 points", ink: Ink(.purple, shape: .diamond),
                figures: report.recentMaximumWithMargin),
        ]
    }

    private static func plot(_ report: TraceReport, _ curve: [TraceDetails.Choice]) -> LinePlot {
        let rules = curve.isEmpty ? [] : rules(report)
        let lent = curve.map(\.lentPercent) + rules.map(\.figures.lentPercent)
        let risk = curve.map(\.takenBackPercent) + rules.map(\.figures.takenBackPercent)
        let appetites = curve.map { appetite($0.appetitePercent) }
        let chosen = curve.map { choice in
            let isChosen = choice.appetitePercent == report.appetitePercent
            return LinePlot.Point(
                label: appetite(choice.appetitePercent) + (isChosen ? " (chosen)" : ""), ink: Ink(.blue),
                x: choice.takenBackPercent, y: choice.lentPercent, isChosen: isChosen)
        }
        let others = rules.map {
            LinePlot.Point(label: $0.name, ink: $0.ink, x: $0.figures.takenBackPercent, y: $0.figures.lentPercent)
        }
        return LinePlot(
            id: "risk", title: "Lent against taken back",
            description: description(report, rules),
            x: Axis("taken back, of lease time (%)", .squareRoot(upTo: risk.max() ?? 1), .squareRoot),
            y: Axis("lent, of all capacity (%)", .covering((lent.min() ?? 0)...(lent.max() ?? 1))),
            lines: [
                LinePlot.Line(
                    "firm, with appetites from \(appetites.first ?? "") to \(appetites.last ?? "")", Ink(.blue),
                    runs: [curve.map { ($0.takenBackPercent, $0.lentPercent) }])
            ], points: chosen + others, height: 440, hasUprightLines: true)
    }

    private static func description(_ report: TraceReport, _ rules: [Rule]) -> String {
        func text(_ figures: TraceReport.Figures) -> String {
            "\(DecimalText.percent(figures.lentPercent)) lent, \(DecimalText.percent(figures.takenBackPercent)) taken back"
        }
        let chosen = "firm, with the chosen appetite of \(appetite(report.appetitePercent)): \(text(report.firm))"
        return ([chosen] + rules.map { "\($0.name): \(text($0.figures))" }).joined(separator: "; ") + "."
    }

    private static func appetite(_ percent: Double) -> String { DecimalText.short(percent) + "%" }

    private static func table(_ report: TraceReport, _ curve: [TraceDetails.Choice]) -> ReportTable {
        let firm = curve.map { ("firm, appetite \(appetite($0.appetitePercent))", $0.lentPercent, $0.takenBackPercent) }
        let others = curve.isEmpty ? [] : rules(report).map { ($0.name, $0.figures.lentPercent, $0.figures.takenBackPercent) }
        return ReportTable(
            heads: ["Rule", "Lent, of all capacity", "Taken back, of lease time"],
            rows: (firm + others).map { [$0.0, DecimalText.percent($0.1), DecimalText.percent($0.2)] })
    }
}
