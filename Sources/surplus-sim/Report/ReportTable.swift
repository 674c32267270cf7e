/// Rows of numbers under heads; the first cell of each says what the row is about.
struct ReportTable {
    let heads: [String]
    let rows: [[String]]

    /// Behind a line that opens it; on paper it is open.
    var folded: Markup { Markup("details", [:], [Markup("summary", text: "The numbers"), markup(caption: nil)]) }

    /// - Parameter caption: said to those who do not see what stands around the table.
    func markup(caption: String?) -> Markup {
        let head = Markup("tr", [:], heads.map { Markup("th", ["scope": "col"], text: $0) })
        let body = rows.map { row in
            Markup(
                "tr", [:],
                row.enumerated().map { index, cell in
                    index == 0 ? Markup("th", ["scope": "row"], text: cell) : Markup("td", text: cell)
                })
        }
        let table = Markup(
            "table", ["aria-label": caption ?? "The numbers"],
            [.lines([Markup("thead", [:], [head]), Markup("tbody", [:], [.lines(body)])])])
        return Markup("div", ["class": "table"], [table])
    }
}
