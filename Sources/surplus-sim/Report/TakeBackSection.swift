/// By how far loans passed the threshold, and how unequally that befell machines.
enum TakeBackSection {
    private static let firm = Ink(.blue)
    private static let lastSample = Ink(.orange, isPale: true)
    /// An axis of machines up to fewer would have ticks at halves of them.
    private static let fewest = 5

    static func section(_ report: TraceReport, _ details: TraceDetails) -> ReportSection {
        let words =
            "Firm loans beside the rule that lends what was idle in the sample before. The upright axis of the first plot is "
            + "logarithmic."
        return ReportSection(
            title: "What had to be taken back", words: [words],
            figures: [
                ReportFigure(
                    caption: "Samples by how far owner and loan passed the threshold",
                    plot: overshoots(report, details.overshoots).svg, table: table(details.overshoots),
                    nothing: "Owner and loan never passed the threshold, so there is nothing to draw."),
                ReportFigure(
                    caption: "Machines by the share of their lease time that was taken back",
                    plot: machines(report, details.machinesTakenBack).svg, table: table(details.machinesTakenBack),
                    nothing: "Nothing was lent by either rule, so there is nothing to draw."),
            ])
    }

    private static func overshoots(_ report: TraceReport, _ steps: [TraceDetails.Overshoot]) -> BarPlot {
        let edges = [0] + steps.map(\.toPoints)
        let shares = steps.flatMap { [$0.firmPercent, $0.lastSamplePercent] }.filter { $0 > 0 }
        return BarPlot(
            id: "overshoot", title: "Samples by how far owner and loan passed the threshold",
            description: "Of lease time firm loans passed the threshold by more than 5 points in "
                + "\(DecimalText.percent(report.firm.takenBackOver5Percent)), by more than 20 points in "
                + "\(DecimalText.percent(report.firm.takenBackOver20Percent)). With the rule of the last sample it was "
                + "\(DecimalText.percent(report.lastSample.takenBackOver5Percent)) and "
                + "\(DecimalText.percent(report.lastSample.takenBackOver20Percent)).",
            x: .edges("passed the threshold by (points of capacity)", edges.map { "\($0)" }),
            y: Axis("share of lease time (%)", .logarithmic((shares.min() ?? 1)...(shares.max() ?? 1)), .logarithmic),
            series: [
                BarPlot.Series(name: "firm", ink: firm, values: steps.map(\.firmPercent)),
                BarPlot.Series(name: "last sample", ink: lastSample, values: steps.map(\.lastSamplePercent)),
            ])
    }

    private static func machines(_ report: TraceReport, _ steps: [TraceDetails.Unequal]) -> BarPlot {
        let most = steps.map { max($0.firmMachines, $0.lastSampleMachines) }.max() ?? 0
        return BarPlot(
            id: "machines", title: "Machines by the share of their lease time that was taken back",
            description:
                "Over all machines firm loans were taken back in \(DecimalText.percent(report.firm.takenBackPercent)) of "
                + "lease time, on the worst tenth of them in \(DecimalText.percent(report.firmWorstTenth.takenBackPercent)); "
                + "those by the rule of the last sample in \(DecimalText.percent(report.lastSample.takenBackPercent)).",
            x: .categories("taken back, of the machine's lease time (%)", steps.map(name)),
            y: Axis("machines", .covering(0...Double(max(most, fewest)))),
            series: [
                BarPlot.Series(name: "firm", ink: firm, values: steps.map { Double($0.firmMachines) }),
                BarPlot.Series(name: "last sample", ink: lastSample, values: steps.map { Double($0.lastSampleMachines) }),
            ])
    }

    private static func name(_ step: TraceDetails.Unequal) -> String {
        guard let low = step.overPercent else { return "none" }
        return "\(DecimalText.short(low))–\(DecimalText.short(step.toPercent))"
    }

    private static func table(_ steps: [TraceDetails.Overshoot]) -> ReportTable {
        ReportTable(
            heads: ["Passed by (points)", "Firm: samples", "of lease time", "Last sample: samples", "of lease time"],
            rows: steps.map { step in
                [
                    "\(step.overPoints)–\(step.toPoints)", DecimalText.count(step.firmSamples),
                    DecimalText.fixed(step.firmPercent, digits: 3) + "%", DecimalText.count(step.lastSampleSamples),
                    DecimalText.fixed(step.lastSamplePercent, digits: 3) + "%",
                ]
            })
    }

    private static func table(_ steps: [TraceDetails.Unequal]) -> ReportTable {
        ReportTable(
            heads: ["Taken back (% of lease time)", "Firm: machines", "Last sample: machines"],
            rows: steps.map { step in
                [
                    name(step), DecimalText.count(Int64(step.firmMachines)), DecimalText.count(Int64(step.lastSampleMachines)),
                ]
            })
    }
}
