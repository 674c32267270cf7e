/// Rows under headings, aligned, and made narrower step by step where the page is narrow: first by shortening the columns
/// that may be shortened, then by leaving out those that may be left out, the last one first, which a line below says; what is
/// left out makes room for what was shortened. Where the rest does not fit either, or is less than half, each row becomes a block of
/// its own, with everything in it. On a plain page a row is a line, its cells behind tabs.
package struct Table: Sendable {
    package struct Column: Sendable {
        package enum Alignment: Sendable { case left, right }

        /// What happens to a column on a narrow page.
        package enum Patience: Sendable {
            case kept, shortened, omitted
            /// Left out first, and on a plain page: it says what another column does.
            case picture
        }

        let title: String
        let alignment: Alignment
        let patience: Patience

        package init(_ title: String, _ alignment: Alignment = .left, _ patience: Patience = .kept) {
            self.title = title
            self.alignment = alignment
            self.patience = patience
        }
    }

    /// A cell's text, shown as it is, and what it is to the reader. A string literal is a plain cell.
    package struct Cell: Sendable, ExpressibleByStringInterpolation {
        let text: String
        let tone: Tone

        package init(_ text: String, _ tone: Tone = .plain) {
            self.text = text.printable
            self.tone = tone
        }

        package init(stringLiteral value: String) { self.init(value) }
    }

    private static let gap = 2
    private static let shortest = 8

    private let columns: [Column]
    private var rows: [[Cell]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    package var isEmpty: Bool { rows.isEmpty }

    /// - Precondition: there is one cell for each column.
    package mutating func add(_ cells: [Cell]) {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
        rows.append(cells)
    }

    /// The heading and one line for each row, each ending in a line feed.
    package func text(on page: Page) -> String {
        guard !page.isPlain else { return rows.map(record).joined() }
        guard let layout = layout(in: page.width ?? .max) else { return rows.map { block($0, page) }.joined() }
        let mark = page.blocks ? "…" : "~"
        var result = line(columns.map { Cell($0.title, .dim) }, layout, mark, page)
        for row in rows { result += line(row, layout, mark, page) }
        return result + omission(layout.map(\.column), page)
    }

    /// Which columns a reader does not see, and how to see them; nothing where none is missing.
    private func omission(_ shown: [Int], _ page: Page) -> String {
        let missing = columns.indices.filter { !shown.contains($0) && columns[$0].patience != .picture }.map { columns[$0].title }
        guard !missing.isEmpty else { return "" }
        let text = "left out: \(missing.joined(separator: ", ")); a wider terminal, --plain and --json have all columns"
        return text.wrapped(at: page.width ?? .max).map { page.paint($0, .dim) + "\n" }.joined()
    }

    /// The columns that are shown, and how wide each is; `nil` when those that must be do not fit, or not half of all would.
    private func layout(in width: Int) -> [(column: Int, width: Int)]? {
        let natural = columns.indices.map { column in
            (column: column, width: rows.reduce(columns[column].title.columns) { max($0, $1[column].text.columns) })
        }
        var shown = natural
        while true {
            if let fitting = shortened(shown, to: width) { return fitting.count * 2 < columns.count ? nil : fitting }
            guard
                let last = shown.firstIndex(where: { columns[$0.column].patience == .picture })
                    ?? shown.lastIndex(where: { columns[$0.column].patience == .omitted })
            else { return nil }
            shown.remove(at: last)
        }
    }

    /// The same with as much taken off those that may be shortened as is needed, the last one first; `nil` where that is not enough.
    private func shortened(_ natural: [(column: Int, width: Int)], to width: Int) -> [(column: Int, width: Int)]? {
        var layout = natural
        var excess = layout.reduce(Self.gap * (layout.count - 1)) { $0 + $1.width } - width
        for index in layout.indices.reversed() where excess > 0 && columns[layout[index].column].patience == .shortened {
            let cut = min(excess, max(0, layout[index].width - Self.shortest))
            layout[index].width -= cut
            excess -= cut
        }
        return excess > 0 ? nil : layout
    }

    /// A row for programs.
    private func record(_ cells: [Cell]) -> String {
        zip(columns, cells).filter { $0.0.patience != .picture }.map(\.1.text).joined(separator: "\t") + "\n"
    }

    /// A row on a page too narrow for a table: its first cell, and the others below with their headings.
    private func block(_ cells: [Cell], _ page: Page) -> String {
        let inset = "  "
        var result = ""
        for line in cells[0].text.wrapped(at: page.width ?? .max) { result += page.paint(line, .strong) + "\n" }
        var sheet = Sheet()
        for (column, cell) in zip(columns, cells).dropFirst() where column.patience != .picture {
            sheet.add(column.title.lowercased(), cell.text, cell.tone)
        }
        var narrower = page
        narrower.width = page.width.map { $0 - inset.count }
        for line in sheet.text(on: narrower).split(separator: "\n") { result += inset + line + "\n" }
        return result
    }

    private func line(_ cells: [Cell], _ layout: [(column: Int, width: Int)], _ mark: String, _ page: Page) -> String {
        var line = ""
        var owed = 0
        for (column, width) in layout {
            let cell = cells[column]
            let text = cell.text.shortened(to: width, mark: mark)
            let rest = width - text.columns
            let before = columns[column].alignment == .right ? rest : 0
            if !text.isEmpty {
                line += String(repeating: " ", count: owed + before) + page.paint(text, cell.tone)
                owed = 0
            }
            owed += (text.isEmpty ? width : rest - before) + Self.gap
        }
        return line + "\n"
    }
}
