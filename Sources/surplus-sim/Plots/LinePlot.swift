/// Lines, and points with words beside them, over two axes of numbers.
struct LinePlot {
    struct Line {
        let name: String
        let ink: Ink
        /// Points joined with each other; between one run and the next there is a gap.
        let runs: [[(x: Double, y: Double)]]

        init(_ name: String, _ ink: Ink, runs: [[(x: Double, y: Double)]]) {
            (self.name, self.ink, self.runs) = (name, ink, runs.filter { !$0.isEmpty })
        }
    }

    struct Point {
        let label: String
        let ink: Ink
        let x, y: Double
        /// Larger than others, with a ring.
        var isChosen = false
    }

    let id, title, description: String
    let x, y: Axis
    var lines: [Line]
    var points: [Point] = []
    var width = 760.0
    var height = 400.0
    var hasUprightLines = false

    /// `nil` where there is nothing to draw.
    var svg: Markup? {
        guard lines.contains(where: { !$0.runs.isEmpty }) || !points.isEmpty else { return nil }
        let frame = PlotFrame(
            id: id, title: title, description: description, x: x, y: y,
            legend: Legend(entries: lines.map { Legend.Entry(name: $0.name, mark: .line, ink: $0.ink) }), width: width,
            height: height, hasUprightLines: hasUprightLines)
        return frame.svg(lines.map { $0.ink.line(path($0, frame)) } + points.flatMap { drawn($0, frame) } + labels(frame))
    }

    private func path(_ line: Line, _ frame: PlotFrame) -> String {
        line.runs.map { run in
            let places = run.map { "\(place(frame.across($0.x))) \(place(frame.up($0.y)))" }
            // A point alone is drawn as a stroke of no length: its round ends show.
            return "M" + (places.count == 1 ? places + places : places).joined(separator: "L")
        }.joined()
    }

    private func drawn(_ point: Point, _ frame: PlotFrame) -> [Markup] {
        let (x, y) = (frame.across(point.x), frame.up(point.y))
        let mark = point.ink.point(x, y)
        guard point.isChosen else { return [mark] }
        return [mark, Markup("circle", ["class": "ring", "cx": place(x), "cy": place(y), "r": "9"])]
    }

    private func labels(_ frame: PlotFrame) -> [Markup] {
        guard !points.isEmpty else { return [] }
        var placing = PointLabels(within: frame.area)
        for point in points {
            placing.avoid(frame.across(point.x), frame.up(point.y), radius: point.isChosen ? 10 : 6)
        }
        for run in lines.flatMap(\.runs) { placing.avoid(run.map { (frame.across($0.x), frame.up($0.y)) }) }
        // The longest first: short ones still find a place where long ones do not.
        return points.sorted { $0.label.count > $1.label.count }.flatMap { point in
            placing.label(
                point.label, at: (frame.across(point.x), frame.up(point.y)), distance: point.isChosen ? 12 : 8,
                isStrong: point.isChosen)
        }
    }
}
