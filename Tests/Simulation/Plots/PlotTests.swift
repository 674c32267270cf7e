import Testing

@testable import surplus_sim

@Suite("Plots")
struct PlotTests {
    private let axis = Axis("share (%)", .covering(0...100))

    private func plot(_ lines: [LinePlot.Line], _ points: [LinePlot.Point] = []) -> LinePlot {
        LinePlot(id: "p", title: "A & B", description: "It goes <up>.", x: axis, y: axis, lines: lines, points: points)
    }

    private func bars(_ categories: [String], _ values: [Double]) -> BarPlot {
        BarPlot(
            id: "b", title: "Bars", description: "They stand.", x: .categories("by what", categories), y: axis,
            series: [BarPlot.Series(name: "one", ink: Ink(.blue), values: values)])
    }

    @Test("A plot is well-formed and says in words what it shows")
    func words() throws {
        let line = LinePlot.Line("use < 5 & more", Ink(.green, dash: .long), runs: [[(0, 0), (100, 50)]])
        let parsed = try ParsedMarkup.of(plot([line]).svg)
        #expect(parsed.texts("title") == ["A & B"] && parsed.texts("desc") == ["It goes <up>."])
        let svg = try #require(parsed.all("svg").first)
        let ids = (parsed.all("title") + parsed.all("desc")).compactMap { $0.attributes["id"] }
        #expect(svg.attributes["role"] == "img" && svg.attributes["aria-labelledby"] == ids.joined(separator: " "))
        #expect(parsed.texts("text").contains("use < 5 & more") && parsed.texts("text").contains("share (%)"))
    }

    @Test("Without data there is no plot")
    func empty() {
        #expect(plot([]).svg == nil)
        #expect(plot([LinePlot.Line("none", Ink(.blue), runs: [[]])]).svg == nil)
        #expect(bars([], []).svg == nil && bars(["a"], [0]).svg == nil)
    }

    @Test("A gap in the data is a gap in the line, and a value alone shows")
    func gaps() throws {
        let line = LinePlot.Line("a", Ink(.blue), runs: [[(0, 0), (10, 10)], [], [(50, 50)]])
        let parsed = try ParsedMarkup.of(plot([line]).svg)
        let path = try #require(parsed.all("path").compactMap { $0.attributes["d"] }.first { $0.contains("L") })
        #expect(path.count { $0 == "M" } == 2 && path.count { $0 == "L" } == 2)
    }

    @Test("Bars stand on the base, as high as their values, and those of nothing are not there")
    func heights() throws {
        let parsed = try ParsedMarkup.of(bars(["a", "b", "c"], [100, 50, 0]).svg)
        let heights = parsed.all("rect").dropFirst().compactMap { $0.attributes["height"].flatMap(Double.init) }
        #expect(heights.count == 2 && abs(heights[0] - 2 * heights[1]) < 0.2)
        let base = try #require(
            parsed.all("line").first { $0.attributes["class"] == "base" }?.attributes["y1"].flatMap(Double.init))
        for bar in parsed.all("rect").dropFirst() {
            let (y, height) = (Double(bar.attributes["y"] ?? "") ?? 0, Double(bar.attributes["height"] ?? "") ?? 0)
            #expect(abs(y + height - base) < 0.2)
        }
    }

    @Test("Labels along an axis are left out where they would overlap")
    func labels() {
        let names = (0..<40).map { "\($0 * 5)–\($0 * 5 + 5)" }
        let frame = PlotFrame(
            id: "f", title: "", description: "", x: .categories("x", names), y: axis, legend: Legend(entries: []))
        let kept = PlotFrame.spaced(names.enumerated().map { (frame.across(Double($0.offset)), $0.element) })
        #expect(kept.count > 5 && kept.count < 40)
        for (a, b) in zip(kept, kept.dropFirst()) {
            #expect(b.at - a.at > TextSize.width(a.text) / 2 + TextSize.width(b.text) / 2)
        }
    }

    @Test("Words beside points stay within the plot and cover neither each other nor the points")
    func pointLabels() throws {
        let points = (0..<8).map { LinePlot.Point(label: "point \($0)", ink: Ink(.blue), x: Double($0) * 4, y: 50 + Double($0)) }
        let corner = LinePlot.Point(label: "in the corner", ink: Ink(.blue), x: 100, y: 100, isChosen: true)
        let parsed = try ParsedMarkup.of(plot([], points + [corner]).svg)
        let boxes = parsed.all("text").filter { ($0.attributes["class"] ?? "").hasPrefix("label") }.map { element in
            let width = TextSize.width(element.text)
            let x = Double(element.attributes["x"] ?? "") ?? 0
            let shifts: [String: Double] = ["start": 0, "middle": width / 2, "end": width]
            let shift = shifts[element.attributes["text-anchor"] ?? ""] ?? 0
            return Box(x: x - shift, y: (Double(element.attributes["y"] ?? "") ?? 0) - 10, width: width, height: 12)
        }
        let marks = parsed.all("circle").map { element in
            let (x, y) = (Double(element.attributes["cx"] ?? "") ?? 0, Double(element.attributes["cy"] ?? "") ?? 0)
            return Box(x: x - 4, y: y - 4, width: 8, height: 8)
        }
        #expect(boxes.count == 9)
        for (index, box) in boxes.enumerated() {
            #expect(box.x >= 0 && box.right <= 760 && box.y >= 0)
            for other in boxes[..<index] { #expect(!box.overlaps(other)) }
            for mark in marks { #expect(!box.overlaps(mark)) }
        }
    }

    @Test("A legend goes on in another row where a row is full")
    func legend() {
        let entry = Legend.Entry(name: String(repeating: "long ", count: 10), mark: .line, ink: Ink(.blue))
        #expect(Legend(entries: []).height(width: 700) == 0)
        #expect(Legend(entries: [entry]).height(width: 700) < Legend(entries: [entry, entry]).height(width: 700))
    }
}
