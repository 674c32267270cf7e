import Resources

/// Balances over time as a line of steps, drawn into whatever room there is: above zero in one colour, below in another. Scales and
/// times stand beside the drawing as text, so that they stay readable however narrow it is.
struct StepChart {
    /// The drawing's own coordinates.
    private static let size = (width: Int64(10_000), height: Int64(1000))

    let range: Range<Timestamp>
    let balances: [CreditHistoryReport.Balance]
    let utcOffset: Microseconds
    /// What it shows, for those who cannot see it.
    let title: String

    func html() -> String {
        let (top, bottom) = bounds
        let zero = height(of: 0, top, bottom)
        let line = path(top, bottom)
        // a label that would stand on that of zero is left out
        let labelled = [top, 0, bottom].filter { $0 == 0 || abs(height(of: $0, top, bottom) - zero) > Self.size.height / 7 }
        let scale = Set(labelled).sorted(by: >).map {
            "<span style=\"top:\(Self.percent(height(of: $0, top, bottom), of: Self.size.height))\">\(Self.label($0))</span>"
        }
        let ticks = TimeScale(range, utcOffset: utcOffset).ticks
        let grid = ticks.map { "<path class=\"grid\" d=\"M\(x($0.at)) 0V\(Self.size.height)\"/>" }
        let times = ticks.map {
            "<span style=\"left:\(Self.percent(x($0.at), of: Self.size.width))\">\(Markup.text($0.label))</span>"
        }
        return """
            <div class="chart"><div class="scale">\(scale.joined())</div>
            <svg viewBox="0 0 \(Self.size.width) \(Self.size.height)" preserveAspectRatio="none" role="img">
            <title>\(Markup.text(title))</title>\(grid.joined())
            \(part("theirs", from: 0, to: zero, line, zero))\(part("ours", from: zero, to: Self.size.height, line, zero))
            <path class="zero" d="M0 \(zero)H\(Self.size.width)"/></svg>
            <div class="times">\(times.joined())</div></div>

            """
    }

    /// What of the line is within a band, with the area between it and zero.
    private func part(_ style: String, from top: Int64, to bottom: Int64, _ line: String, _ zero: Int64) -> String {
        guard bottom > top else { return "" }
        let (width, height) = (Self.size.width, bottom - top)
        return """
            <svg class="\(style)" y="\(top)" width="\(width)" height="\(height)" viewBox="0 \(top) \(width) \(height)" \
            preserveAspectRatio="none"><path class="area" d="M0 \(zero)\(line.replacing("M0 ", with: "V"))V\(zero)Z"/>\
            <path class="line" d="\(line)"/></svg>
            """
    }

    private func path(_ top: Int64, _ bottom: Int64) -> String {
        guard let first = balances.first else { return "M0 \(height(of: 0, top, bottom))H\(Self.size.width)" }
        let steps = balances.dropFirst().map { "H\(x($0.at.timestamp))V\(height(of: $0.balanceMicrocredits, top, bottom))" }
        return "M0 \(height(of: first.balanceMicrocredits, top, bottom))" + steps.joined() + "H\(Self.size.width)"
    }

    private func x(_ time: Timestamp) -> Int64 {
        let span = max(1, (range.upperBound - range.lowerBound).rawValue)
        return Int64(Int128((time - range.lowerBound).rawValue) * Int128(Self.size.width) / Int128(span))
    }

    private func height(of value: Int64, _ top: Int64, _ bottom: Int64) -> Int64 {
        Int64((Int128(top) - Int128(value)) * Int128(Self.size.height) / max(1, Int128(top) - Int128(bottom)))
    }

    /// Round numbers that all balances, and zero, lie between.
    private var bounds: (top: Int64, bottom: Int64) {
        let values = balances.map(\.balanceMicrocredits)
        let (top, bottom) = (Self.round(values.max() ?? 0), -Self.round(-(values.min() ?? 0)))
        return top == 0 && bottom == 0 ? (1_000_000, 0) : (top, bottom)
    }

    /// The next of 1, 2 and 5 times a power of ten; zero for what is not positive.
    private static func round(_ value: Int64) -> Int64 {
        guard value > 0 else { return 0 }
        var power: Int64 = 1
        while power <= Int64.max / 100 {
            for step in [1, 2, 5] as [Int64] where power * step >= value { return power * step }
            power *= 10
        }
        return value
    }

    private static func label(_ value: Int64) -> String {
        String(Microcredits(value).shortText.prefix { $0 != " " }).replacing("-", with: "\u{2212}")
    }

    private static func percent(_ part: Int64, of whole: Int64) -> String { "\(part * 100 / whole).\(part * 1000 / whole % 10)%" }
}

/// Times that an axis is labelled with: a few whole multiples of a usual length, by the reader's clock.
struct TimeScale {
    let ticks: [(at: Timestamp, label: String)]

    private static let most: Int64 = 5
    private static let steps: [Microseconds] =
        [1, 5, 15, 30].map { .seconds($0) } + [1, 5, 15, 30].map { .minutes($0) } + [1, 3, 6, 12].map { .hours($0) }
        + [1, 2, 7, 14, 28, 91, 182, 364].map { .days($0) }

    init(_ range: Range<Timestamp>, utcOffset: Microseconds) {
        let span = range.upperBound - range.lowerBound
        let step =
            Self.steps.first { $0 * Self.most >= span }
            ?? .days(364 * (span.rawValue / (Microseconds.days(364).rawValue * Self.most) + 1))
        let civil = (range.lowerBound + utcOffset).microseconds
        var at = Timestamp(microseconds: (civil / step.rawValue + 1) * step.rawValue) + -utcOffset
        var ticks: [(at: Timestamp, label: String)] = []
        while at < range.upperBound {
            let date = CivilDate(at + utcOffset)
            ticks.append(
                (
                    at,
                    step < .days(1)
                        ? Self.clock(date, isDayShown: span > .days(1)) : Self.day(date, isYearShown: span > .days(364))
                ))
            at = at + step
        }
        self.ticks = ticks
    }

    /// `11-21`; the month and its year where there are several of them.
    private static func day(_ date: CivilDate, isYearShown: Bool) -> String {
        isYearShown ? String(date.date.prefix(7)) : String(date.date.suffix(5))
    }

    private static func clock(_ date: CivilDate, isDayShown: Bool) -> String {
        let time = date.time.hasSuffix(":00") ? String(date.time.prefix(5)) : date.time
        return isDayShown ? (time == "00:00" ? day(date, isYearShown: false) : time) : time
    }
}
