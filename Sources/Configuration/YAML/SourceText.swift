/// The text of a file, for errors that show the line they are about.
final class SourceText: Sendable {
    /// The file as it was named by whoever gave it.
    let file: String
    private let text: String

    init(file: String, text: String) {
        self.file = file
        self.text = text
    }

    /// A line by its number, from 1; empty behind the end.
    func line(_ number: Int) -> Substring {
        text.split(separator: "\n", maxSplits: max(1, number), omittingEmptySubsequences: false).dropFirst(number - 1).first ?? ""
    }

    /// The error about `length` scalars from `position` on, with the line they stand in.
    func fault(at position: ConfigurationError.Position, length: Int, _ message: String) -> ConfigurationError {
        let excerpt = ConfigurationError.Excerpt(line: String(line(position.line)), length: max(1, length))
        return ConfigurationError(file: file, position: position, excerpt: excerpt, message)
    }

    /// Where a part of a value stands that begins at `start` and reads `value` once its quotation marks, line breaks and
    /// indentation are taken away. What cannot be followed, as behind an escape, is taken to begin where the value does.
    func find(
        _ part: Range<Int>, of value: String, at start: ConfigurationError.Position
    ) -> (position: ConfigurationError.Position, length: Int) {
        var cursor = Cursor(lines: text.split(separator: "\n", omittingEmptySubsequences: false), at: start)
        cursor.skipIndicator()
        var first: ConfigurationError.Position?
        var length = 0
        for (offset, scalar) in value.unicodeScalars.enumerated() {
            guard offset < part.upperBound else { break }
            guard cursor.meet(scalar) else { return (start, 1) }
            if offset >= part.lowerBound {
                if first == nil { first = cursor.position }
                if cursor.position.line == first?.line { length = cursor.position.column + 1 - (first?.column ?? 0) }
            }
            cursor.advance()
        }
        guard let first else {
            // A part behind the end: what is missing there.
            return part.lowerBound == 0 ? (start, 1) : (cursor.position, 1)
        }
        return (first, max(1, length))
    }
}

/// Walks through source lines along the characters of a value.
private struct Cursor {
    let lines: [Substring]
    private(set) var position: ConfigurationError.Position
    private var scalars: [Unicode.Scalar]

    init(lines: [Substring], at start: ConfigurationError.Position) {
        self.lines = lines
        position = start
        scalars = Self.scalars(lines, start.line)
    }

    private static func scalars(_ lines: [Substring], _ number: Int) -> [Unicode.Scalar] {
        lines.indices.contains(number - 1) ? Array(lines[number - 1].unicodeScalars) : []
    }

    private var current: Unicode.Scalar? {
        scalars.indices.contains(position.column - 1) ? scalars[position.column - 1] : nil
    }

    /// Steps over a quotation mark, or over the rest of the line behind the sign of a block.
    mutating func skipIndicator() {
        switch current {
        case "\"", "'": advance()
        case "|", ">": nextLine()
        default: break
        }
    }

    /// Moves to where `scalar` stands, over the line breaks and spaces that a value does not have; whether it is there.
    mutating func meet(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isWhitespace { return true }
        while position.line <= lines.count {
            guard let current else {
                nextLine()
                continue
            }
            if current == scalar { return true }
            guard current.properties.isWhitespace else { return false }
            advance()
        }
        return false
    }

    mutating func advance() {
        position = .init(line: position.line, column: position.column + 1)
    }

    private mutating func nextLine() {
        position = .init(line: position.line + 1, column: 1)
        scalars = Self.scalars(lines, position.line)
    }
}
