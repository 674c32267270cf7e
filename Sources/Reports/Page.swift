import Resources

/// Where a report is read: how wide that is, what it can show, and when.
package struct Page: Sendable {
    /// Columns of the terminal; `nil` where lines may be as long as they need to be, as in a pipe or a file.
    package var width: Int?
    /// Whether colours reach a person.
    package var colour: Bool
    /// Whether block characters can be shown; ASCII otherwise.
    package var blocks: Bool
    /// Whether programs such as grep and cut read it: one record a line, its fields in the order of the headings with a tab
    /// between them, no headings, nothing shortened or rounded, times in UTC (RFC 3339).
    package var isPlain: Bool
    /// Relative times are counted from here.
    package var now: Timestamp
    /// What is added to UTC to show the reader's time of day.
    package var utcOffset: Microseconds

    package init(
        width: Int? = nil, colour: Bool = false, blocks: Bool = false, isPlain: Bool = false, now: Timestamp,
        utcOffset: Microseconds = .zero
    ) {
        self.width = width
        self.colour = colour
        self.blocks = blocks
        self.isPlain = isPlain
        self.now = now
        self.utcOffset = utcOffset
    }

    /// `text` in the colour of `tone`, unchanged on a page without colours.
    package func paint(_ text: String, _ tone: Tone) -> String {
        guard colour, let code = tone.code, !text.isEmpty else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// A quantity: to three digits for people, exact for programs.
    func figure(_ quantity: some TextualQuantity) -> String { isPlain ? quantity.text : quantity.shortText }

    /// What stands between two parts of a report.
    var gap: String { isPlain ? "" : "\n" }

    /// What to say where there is nothing to list; nothing to programs.
    func hint(_ text: String) -> String {
        isPlain ? "" : text.wrapped(at: width ?? .max).map { $0 + "\n" }.joined()
    }
}

/// What a piece of text is to its reader.
package enum Tone: Sendable {
    case plain, strong, dim, good, warning, bad

    /// The "select graphic rendition" parameter of ECMA-48.
    var code: Int? {
        switch self {
        case .plain: nil
        case .strong: 1
        case .dim: 2
        case .good: 32
        case .warning: 33
        case .bad: 31
        }
    }
}
