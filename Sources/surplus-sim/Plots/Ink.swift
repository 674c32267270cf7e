/// How something is drawn. Colours are after those of Okabe and Ito, which people tell apart however they see colours; the page's
/// style says what they are by day and by night. Dashes, shapes and outlines tell things apart without colour.
struct Ink: Hashable {
    enum Colour: String, CaseIterable { case text, grey, blue, orange, green, vermilion, purple }

    enum Dash: String {
        case solid = ""
        case long = "9 4"
        case short = "4 3"
        case dots = "1.5 3"
    }

    enum Shape { case circle, square, triangle, diamond }

    var colour: Colour
    var dash = Dash.solid
    var shape = Shape.circle
    /// Bars in outline with a pale inside.
    var isPale = false

    init(_ colour: Colour, dash: Dash = .solid, shape: Shape = .circle, isPale: Bool = false) {
        (self.colour, self.dash, self.shape, self.isPale) = (colour, dash, shape, isPale)
    }

    func line(_ path: String) -> Markup {
        let name = "line \(colour.rawValue)"
        guard dash != .solid else { return Markup("path", ["class": name, "d": path]) }
        return Markup("path", ["class": name, "stroke-dasharray": dash.rawValue, "d": path])
    }

    func bar(_ box: Box) -> Markup {
        Markup(
            "rect",
            [
                "class": "bar \(colour.rawValue)\(isPale ? " pale" : "")", "x": place(box.x), "y": place(box.y),
                "width": place(box.width), "height": place(box.height),
            ])
    }

    func point(_ x: Double, _ y: Double, radius r: Double = 4.5) -> Markup {
        let name = "point \(colour.rawValue)"
        func polygon(_ corners: [(Double, Double)]) -> Markup {
            let points = corners.map { "\(place(x + $0.0 * r)),\(place(y + $0.1 * r))" }.joined(separator: " ")
            return Markup("polygon", ["class": name, "points": points])
        }
        return switch shape {
        case .circle: Markup("circle", ["class": name, "cx": place(x), "cy": place(y), "r": place(r)])
        case .square: polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
        case .triangle: polygon([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
        case .diamond: polygon([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
        }
    }
}

/// A rectangle in a plot, in its units of length; `y` is its upper edge.
struct Box: Hashable {
    var x, y, width, height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }

    func overlaps(_ other: Box) -> Bool { x < other.right && other.x < right && y < other.bottom && other.y < bottom }
    func contains(_ other: Box) -> Bool { x <= other.x && other.right <= right && y <= other.y && other.bottom <= bottom }
    func area(sharedWith other: Box) -> Double {
        overlaps(other) ? (min(right, other.right) - max(x, other.x)) * (min(bottom, other.bottom) - max(y, other.y)) : 0
    }
}

/// A coordinate, to a tenth of a unit.
func place(_ value: Double) -> String { DecimalText.short(value, digits: 1) }

/// Text in a plot, whose size nobody tells before it is drawn.
enum TextSize {
    /// The height of letters, as the page's style has it.
    static let em = 12.0
    /// Wider than it is in most typefaces, so that what must not overlap does not.
    static func width(_ text: String) -> Double { Double(text.count) * em * 0.58 }
}
