/// Says above a plot which mark stands for what.
struct Legend {
    enum Mark { case line, bar, point }

    struct Entry {
        let name: String
        let mark: Mark
        let ink: Ink
    }

    let entries: [Entry]

    private static let rowHeight = 20.0
    private static let markWidth = 30.0
    private static let gap = 18.0

    /// What it takes up above a plot so wide.
    func height(width: Double) -> Double { Double((spots(width: width).last?.row ?? -1) + 1) * Self.rowHeight }

    func drawn(x: Double, width: Double) -> [Markup] {
        zip(entries, spots(width: width)).flatMap { entry, spot in
            let left = x + spot.x
            let middle = Double(spot.row) * Self.rowHeight + 12
            let words = Markup(
                "text", ["class": "key", "x": place(left + Self.markWidth), "y": place(middle + 4)], text: entry.name)
            return [mark(entry, left, middle), words]
        }
    }

    private func mark(_ entry: Entry, _ left: Double, _ middle: Double) -> Markup {
        switch entry.mark {
        case .line: entry.ink.line("M\(place(left)) \(place(middle))h24")
        case .bar: entry.ink.bar(Box(x: left + 6, y: middle - 6, width: 12, height: 12))
        case .point: entry.ink.point(left + 12, middle)
        }
    }

    /// In rows from left to right, as many as fit in each.
    private func spots(width: Double) -> [(row: Int, x: Double)] {
        var (row, x) = (0, 0.0)
        return entries.map { entry in
            let needed = Self.markWidth + TextSize.width(entry.name)
            if x > 0, x + needed > width { (row, x) = (row + 1, 0) }
            defer { x += needed + Self.gap }
            return (row, x)
        }
    }
}
