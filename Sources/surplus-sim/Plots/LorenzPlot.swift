/// A Lorenz curve beside equality.
struct LorenzPlot {
    let id, title: String
    /// Who holds, and what: "nodes", "credits".
    let holders, held: String
    let curve: LorenzCurve

    var svg: Markup? {
        let whole = Ticks.covering(0...100)
        return LinePlot(
            id: id, title: title,
            description:
                "The poorer half of the \(holders) holds \(DecimalText.percent(100 * (1 - curve.held(byTop: 0.5)))) of all "
                + "\(held), the richest tenth \(DecimalText.percent(100 * curve.held(byTop: 0.1))). "
                + "The Gini coefficient is \(DecimalText.fixed(curve.gini, digits: 3)).",
            x: Axis("share of the \(holders), those with the least first (%)", whole),
            y: Axis("share of all \(held) (%)", whole),
            lines: [
                LinePlot.Line("all hold the same", Ink(.grey, dash: .short), runs: [[(0, 0), (100, 100)]]),
                LinePlot.Line(
                    "as they are held (Gini \(DecimalText.fixed(curve.gini, digits: 3)))", Ink(.blue),
                    runs: [curve.points.map { ($0.holders * 100, $0.held * 100) }]),
            ], width: 520, height: 500, hasUprightLines: true
        ).svg
    }
}
