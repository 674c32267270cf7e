/// Bars side by side in groups, a group in each band of an axis of categories or of edges.
struct BarPlot {
    struct Series {
        let name: String
        let ink: Ink
        /// One for each band.
        let values: [Double]
    }

    let id, title, description: String
    let x, y: Axis
    let series: [Series]
    var width = 760.0
    var height = 360.0

    /// `nil` where there is nothing to draw.
    var svg: Markup? {
        guard series.contains(where: { $0.values.contains { $0 > 0 } }) else { return nil }
        let frame = PlotFrame(
            id: id, title: title, description: description, x: x, y: y,
            legend: Legend(entries: series.map { Legend.Entry(name: $0.name, mark: .bar, ink: $0.ink) }), width: width,
            height: height)
        return frame.svg(series.indices.flatMap { bars(of: $0, frame) })
    }

    private func bars(of index: Int, _ frame: PlotFrame) -> [Markup] {
        let values = series[index].values
        let band = frame.area.width / Double(values.count)
        let width = min(30, band * 0.8 / Double(series.count))
        return values.enumerated().compactMap { place, value in
            guard value > 0 else { return nil }
            let middle = frame.across(Double(place))
            let left = middle + (Double(index) - Double(series.count) / 2) * width
            // However small, what there is shows.
            let height = max(1, frame.area.bottom - frame.up(value))
            return series[index].ink.bar(
                Box(x: left, y: frame.area.bottom - height, width: max(1, width - 1), height: height))
        }
    }
}
