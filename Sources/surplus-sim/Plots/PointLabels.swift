/// Finds places for words beside points, where they cover neither each other nor what is drawn.
struct PointLabels {
    private let bounds: Box
    private var taken: [Box] = []

    init(within bounds: Box) { self.bounds = bounds }

    mutating func avoid(_ x: Double, _ y: Double, radius: Double) {
        taken.append(Box(x: x - radius, y: y - radius, width: radius * 2, height: radius * 2))
    }

    /// Keeps clear of the line through these points.
    mutating func avoid(_ line: [(x: Double, y: Double)]) {
        for (from, to) in zip(line, line.dropFirst()) {
            let length = max((to.x - from.x).magnitude, (to.y - from.y).magnitude)
            let pieces = min(500, max(1, Int(length / 4)))
            for piece in 0...pieces {
                let part = Double(piece) / Double(pieces)
                avoid(from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part, radius: 2)
            }
        }
    }

    /// Draws it at the nearest free place; where there is none, where it covers least. From far away a thin line leads to the point.
    mutating func label(_ text: String, at point: (x: Double, y: Double), distance: Double, isStrong: Bool = false) -> [Markup] {
        let size = (width: TextSize.width(text), height: TextSize.em * 1.1)
        let box = bestPlace(Self.steps.flatMap { Self.boxes(size, around: point, distance: distance + $0) })
        taken.append(box)
        // Held at the side towards the point, so that it stays near if letters are narrower than was thought.
        let hold = Self.hold(box, point)
        let words = Markup(
            "text",
            [
                "class": isStrong ? "label strong" : "label", "text-anchor": hold.anchor, "x": place(hold.x),
                "y": place(box.bottom - TextSize.em * 0.25),
            ], text: text)
        let y = min(box.bottom, max(box.y, point.y))
        let gap = max((hold.x - point.x).magnitude, (y - point.y).magnitude)
        guard gap > distance + Self.steps[1] else { return [words] }
        return [
            Markup(
                "line",
                [
                    "class": "leader", "x1": place(point.x), "y1": place(point.y), "x2": place(hold.x), "y2": place(y),
                ]), words,
        ]
    }

    private static let steps: [Double] = [0, 8, 20, 34]

    private func bestPlace(_ places: [Box]) -> Box {
        func covered(_ box: Box) -> Double {
            taken.reduce(bounds.contains(box) ? 0 : 1e6) { $0 + $1.area(sharedWith: box) }
        }
        var (best, least) = (places[0], Double.infinity)
        for box in places where least > 0 {
            let area = covered(box)
            if area < least { (best, least) = (box, area) }
        }
        return best
    }

    private static func boxes(_ size: (width: Double, height: Double), around point: (x: Double, y: Double), distance: Double)
        -> [Box]
    {
        let (left, right) = (point.x - distance - size.width, point.x + distance)
        let (above, below) = (point.y - distance - size.height, point.y + distance)
        let middle = (x: point.x - size.width / 2, y: point.y - size.height / 2)
        let corners = [
            (right, middle.y), (middle.x, below), (middle.x, above), (left, middle.y), (right, below), (right, above),
            (left, above),
            (left, below),
        ]
        return corners.map { Box(x: $0.0, y: $0.1, width: size.width, height: size.height) }
    }

    /// Where the words are held: at the end towards the point, or in the middle where they are above or below it.
    private static func hold(_ box: Box, _ point: (x: Double, y: Double)) -> (anchor: String, x: Double) {
        if box.x >= point.x { return ("start", box.x) }
        return box.right <= point.x ? ("end", box.right) : ("middle", box.x + box.width / 2)
    }
}
