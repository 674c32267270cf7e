/// Labels and values below each other, the values aligned and wrapped at the page's width; on a plain page a label, a tab
/// and the value on each line.
package struct Sheet: Sendable {
    /// How far values are moved in that stand below their label.
    private static let inset = 2

    private var entries: [(label: String, value: String, tone: Tone)] = []

    package init() {}

    /// Adds an entry; none when the value is empty.
    package mutating func add(_ label: String, _ value: String?, _ tone: Tone = .plain) {
        guard let value, !value.isEmpty else { return }
        entries.append((label.printable, value.printable, tone))
    }

    /// One or more lines for each entry, each ending in a line feed.
    package func text(on page: Page) -> String {
        guard !page.isPlain else { return entries.map { "\($0.label)\t\($0.value)\n" }.joined() }
        let indent = (entries.map(\.label.columns).max() ?? 0) + 2
        var result = ""
        for (label, value, tone) in entries {
            let room = (page.width ?? .max) - indent
            // A word that is to be copied is worth more than the alignment.
            let isBelow = value.split(separator: " ").contains { String($0).columns > room }
            let lines = value.wrapped(at: isBelow ? max(1, (page.width ?? .max) - Self.inset) : room)
            if isBelow { result += page.paint(label, .dim) + "\n" }
            for (number, line) in lines.enumerated() {
                let head = number == 0 && !isBelow ? label : ""
                let before = isBelow ? Self.inset : indent - head.columns
                result += page.paint(head, .dim) + String(repeating: " ", count: before) + page.paint(line, tone) + "\n"
            }
        }
        return result
    }
}

extension String {
    /// The text in lines of at most `width` columns, broken at spaces; a word longer than that is broken where the line ends.
    func wrapped(at width: Int) -> [String] {
        guard columns > width else { return [self] }
        var lines: [String] = []
        for word in split(separator: " ").flatMap({ String($0).chopped(at: width) }) {
            if let last = lines.last, last.columns + 1 + word.columns <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(word)
            }
        }
        return lines
    }

    private func chopped(at width: Int) -> [String] {
        guard columns > width else { return [self] }
        var pieces: [String] = [""]
        for character in self {
            if pieces[pieces.count - 1].columns + String(character).columns > width { pieces.append("") }
            pieces[pieces.count - 1].append(character)
        }
        return pieces
    }
}
