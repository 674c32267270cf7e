/// What is wrong with a file, and where: `blade.yaml:12:5: unknown key 'treshold'; did you mean 'threshold'?`
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file as it was named by whoever gave it.
    package let file: String
    /// Counted from 1; `nil` when the fault is in the file as a whole.
    package let position: Position?
    /// The line at fault; `nil` when the fault is in the file as a whole.
    package let excerpt: Excerpt?
    /// The fault and its remedy.
    package let message: String

    package struct Position: Hashable, Sendable {
        package let line: Int
        /// In Unicode scalars, from 1.
        package let column: Int
    }

    package struct Excerpt: Hashable, Sendable {
        package let line: String
        /// How many Unicode scalars from the position on are at fault; at least 1.
        package let length: Int
    }

    init(file: String, position: Position? = nil, excerpt: Excerpt? = nil, _ message: String) {
        self.file = file
        self.position = position
        self.excerpt = excerpt
        self.message = message
    }

    /// On one line.
    package var description: String {
        guard let position else { return "\(file): \(message)" }
        return "\(file):\(position.line):\(position.column): \(message)"
    }

    /// On three lines: what ``description`` says, the line at fault, and a caret under each character at fault.
    package var report: String {
        guard let position, let excerpt, !excerpt.line.isEmpty else { return description }
        let scalars = Array(excerpt.line.unicodeScalars)
        // Of a long line only what surrounds the fault.
        let start = max(0, min(position.column - 1, scalars.count) - Self.context)
        let shown = scalars[start..<min(scalars.count, position.column + Self.context)]
        let indent = scalars[start..<min(scalars.count, position.column - 1)].map { $0 == "\t" ? "\t" : " " }.joined()
        let room = max(1, shown.count - (position.column - 1 - start))
        let carets = String(repeating: "^", count: min(excerpt.length, room))
        return "\(description)\n  \(shown.map(String.init).joined())\n  \(indent)\(carets)"
    }

    /// How much of a line is shown on either side of a fault.
    private static let context = 100
}
