import Simulation

/// What jobs made of what was lent, over time.
enum JobSection {
    static func section(_ report: FleetReport, threshold: Double) -> ReportSection {
        let words =
            "Jobs ran on the machines through real negotiations and leases, with the real enforcer between them and the owners. What "
            + "is lent is what leases were for, whether their programs got it or not."
        return ReportSection(
            title: "Jobs on what is lent", words: [words],
            figures: [
                ReportFigure(
                    caption: "What owners and jobs used, and what was lent, of all capacity", plot: plot(report, threshold).svg,
                    table: table(report), nothing: "No machine was there, so there is nothing to draw over time.")
            ])
    }

    private static func plot(_ report: FleetReport, _ threshold: Double) -> LinePlot {
        let hours = Double(max(1, report.samples.count) * TraceDetails.minutesASample) / 60
        func line(_ name: String, _ ink: Ink, _ value: (FleetReport.Sample) -> Int64) -> LinePlot.Line {
            let points = report.samples.enumerated().compactMap { number, sample -> (Double, Double)? in
                guard sample.machines > 0 else { return nil }
                let time = (Double(number) + 0.5) * Double(TraceDetails.minutesASample) / 60
                return (time, Double(value(sample)) / Double(sample.machines) / 100)
            }
            return LinePlot.Line(name, ink, runs: [points])
        }
        let bound = LinePlot.Line("threshold", Ink(.vermilion, dash: .short), runs: [[(0, threshold), (hours, threshold)]])
        return LinePlot(
            id: "jobs", title: "Jobs on what is lent",
            description:
                "\(DecimalText.count(Int64(report.finished))) of \(DecimalText.count(Int64(report.submitted))) jobs were finished.",
            x: .time(upTo: hours), y: Axis("share of all capacity (%)", .covering(0...max(100, threshold))),
            lines: [
                bound, line("owners and what was lent", Ink(.grey, dash: .dots)) { $0.owners + $0.lent },
                line("owners and jobs", Ink(.green, dash: .long)) { $0.owners + $0.guests },
                line("owners and what was lent firmly", Ink(.blue)) { $0.owners + $0.firm },
                line("owners alone", Ink(.text)) { $0.owners },
            ])
    }

    private static func table(_ report: FleetReport) -> ReportTable {
        ReportTable(
            heads: ["From (h)", "Owners", "Lent firmly", "Lent", "Used by jobs"],
            rows: stride(from: 0, to: report.samples.count, by: 60 / TraceDetails.minutesASample).map { first in
                let hour = report.samples[first..<min(first + 60 / TraceDetails.minutesASample, report.samples.count)]
                func mean(_ value: KeyPath<FleetReport.Sample, Int64>) -> String {
                    let machines = hour.reduce(0) { $0 + $1.machines }
                    let sum = hour.reduce(0) { $0 + $1[keyPath: value] }
                    return DecimalText.percent(Double(sum) / Double(max(1, machines)) / 100)
                }
                return ["\(first * TraceDetails.minutesASample / 60)"]
                    + [mean(\.owners), mean(\.firm), mean(\.lent), mean(\.guests)]
            })
    }
}
