/// How unequally what nodes earned is shared among them.
enum CreditSection {
    private static let tops = [0.01, 0.1, 0.2, 0.5]

    /// - Parameter credits: what each node earned, in millionths of a credit.
    /// - Returns: `nil` where nobody earned anything.
    static func section(_ credits: [Int64]) -> ReportSection? {
        guard let curve = LorenzCurve(credits) else { return nil }
        let words =
            "\(DecimalText.count(Int64(credits.count))) nodes earned \(DecimalText.short(curve.total / 1e6)) credits. The "
            + "further the line hangs below equality, the fewer nodes earned most of them; the Gini coefficient is 0 where all "
            + "earned the same, and nearly 1 where one earned everything."
        let rows = tops.map { part in
            ["the \(DecimalText.short(part * 100))% of nodes with most", DecimalText.percent(100 * curve.held(byTop: part))]
        }
        let table = ReportTable(
            heads: ["Nodes", "Share of all credits"],
            rows: rows + [["Gini coefficient", DecimalText.fixed(curve.gini, digits: 3)]])
        let plot = LorenzPlot(id: "credits", title: "Credits among nodes", holders: "nodes", held: "credits", curve: curve)
        return ReportSection(
            title: "Credits among nodes", words: [words],
            figures: [ReportFigure(caption: "Lorenz curve of the credits that nodes earned", plot: plot.svg, table: table)])
    }
}
