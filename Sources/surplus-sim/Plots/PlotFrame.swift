/// What is around the marks of every plot: axes, their ticks and titles, the legend, and words for those who do not see it.
struct PlotFrame {
    /// Names of the plot and of its parts in the page, so no two plots have the same.
    let id: String
    /// For those who do not see the plot: what it is, and what it shows.
    let title, description: String
    let x, y: Axis
    let legend: Legend
    var width = 760.0
    var height = 400.0
    /// Lines across the plot at the ticks of both axes, in place of those of the upright one alone.
    var hasUprightLines = false

    private static let left = 62.0
    private static let right = 18.0
    private static let foot = 50.0

    /// Where marks go.
    var area: Box {
        let top = legend.height(width: width - Self.left - Self.right) + 14
        return Box(x: Self.left, y: top, width: width - Self.left - Self.right, height: height - top - Self.foot)
    }

    func across(_ value: Double) -> Double { area.x + x.position(value) * area.width }
    func up(_ value: Double) -> Double { area.bottom - y.position(value) * area.height }

    /// The whole plot.
    func svg(_ marks: [Markup]) -> Markup {
        let box = area
        let words = [
            Markup("title", ["id": "\(id)-title"], text: title), Markup("desc", ["id": "\(id)-words"], text: description),
        ]
        let legend = legend.drawn(x: box.x, width: box.width)
        let content = words + grid + legend + marks + [base] + labels
        return Markup(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(place(width)) \(place(height))", "role": "img",
                "aria-labelledby": "\(id)-title \(id)-words", "style": "max-width:\(place(width))px",
            ], [.lines(content)])
    }

    private var grid: [Markup] {
        let box = area
        let level = y.ticks.map { rule(box.x, up($0.value), box.right, up($0.value), "grid") }
        let upright = x.ticks.map { rule(across($0.value), box.y, across($0.value), box.bottom, "grid") }
        return level + (hasUprightLines ? upright : [])
    }

    private var base: Markup { rule(area.x, area.bottom, area.right, area.bottom, "base") }

    private var labels: [Markup] {
        let box = area
        let upright = y.ticks.map { text(box.x - 8, up($0.value) + 4, "end", $0.label) }
        let along = Self.spaced(x.ticks.map { (across($0.value), $0.label) })
            .map { text($0.at, box.bottom + 18, "middle", $0.text) }
        let middle = box.y + box.height / 2
        let turned = Markup(
            "text",
            ["class": "axis", "text-anchor": "middle", "transform": "translate(15 \(place(middle))) rotate(-90)"], text: y.title)
        return upright + along + [turned, text(box.x + box.width / 2, height - 10, "middle", x.title, "axis")]
    }

    /// Those labels that have room beside the ones before them.
    static func spaced(_ labels: [(at: Double, text: String)]) -> [(at: Double, text: String)] {
        var end = -Double.infinity
        return labels.filter { at, text in
            let half = TextSize.width(text) / 2
            guard at - half > end else { return false }
            end = at + half + 4
            return true
        }
    }

    private func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ name: String) -> Markup {
        Markup("line", ["class": name, "x1": place(x1), "y1": place(y1), "x2": place(x2), "y2": place(y2)])
    }

    private func text(_ x: Double, _ y: Double, _ anchor: String, _ text: String, _ name: String = "tick") -> Markup {
        Markup("text", ["class": name, "text-anchor": anchor, "x": place(x), "y": place(y)], text: text)
    }
}
