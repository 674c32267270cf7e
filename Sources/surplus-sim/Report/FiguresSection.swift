/// What each rule came to, in a table.
enum FiguresSection {
    static func section(_ report: TraceReport) -> ReportSection {
        let table = ReportTable(
            heads: ["Rule", "Lent", "Taken back", "by more than 5 points", "more than 20", "Overshoot", "Used in all"],
            rows: report.rows.map { name, figures in
                [name]
                    + [
                        figures.lentPercent, figures.takenBackPercent, figures.takenBackOver5Percent,
                        figures.takenBackOver20Percent,
                        figures.overshootPercent, figures.utilisationPercent,
                    ].map(DecimalText.percent)
            })
        let words =
            "Foresight knows the coming sample: nobody can lend more. The rules below it know only what was before. Overshoot is "
            + "capacity-time above the threshold that is due to loans; used in all is what owners used and what was lent below the "
            + "threshold."
        return ReportSection(
            title: "The rules beside each other", words: [words],
            figures: [ReportFigure(caption: "Shares of all capacity and of lease time", table: table, isPlotted: false)])
    }
}
