/// Labels and values below each other, the values aligned and wrapped at the page's width.
package struct Sheet: Sendable {
    private var entries: [(label: String, value: String, tone: Tone)] = []

    package init() {}

    /// Adds an entry; none when the value is empty.
    package mutating func add(_ label: String, _ value: String?, _ tone: Tone = .plain) {
        guard let value, !value.isEmpty else { return }
        entries.append((label.printable, value.printable, tone))
    }

    /// One or more lines for each entry, each ending in a line feed.
    package func text(on page: Page) -> String {
        let indent = (entries.map(\.label.columns).max() ?? 0) + 2
        let width = page.width.map { max(16, $0 - indent) } ?? .max
        var result = ""
        for (label, value, tone) in entries {
            for (number, line) in value.wrapped(at: width).enumerated() {
                let head = number == 0 ? label : ""
                result += page.paint(head, .dim) + String(repeating: " ", count: indent - head.columns)
                result += page.paint(line, tone) + "\n"
            }
        }
        return result
    }
}

extension String {
    /// The text in lines of at most `width` columns, broken at spaces; a word longer than that stays whole, so that it can
    /// be copied.
    func wrapped(at width: Int) -> [String] {
        guard columns > width else { return [self] }
        var lines: [String] = []
        for word in split(separator: " ").map(String.init) {
            if let last = lines.last, last.columns + 1 + word.columns <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word)
            }
        }
        return lines
    }
}
