/// What is wrong with the text of a condition, and which part of it.
package struct ConditionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The part at fault, in Unicode scalars from the text's beginning; never empty, though it may lie behind the end.
    package let range: Range<Int>
    /// The fault and its remedy.
    package let description: String

    package init(_ range: Range<Int>, _ description: String) {
        self.range = range
        self.description = description
    }
}

/// Takes the text of a condition apart into words, numbers and signs.
struct ConditionScanner {
    struct Token: Hashable {
        enum Kind: Hashable {
            /// A letter, then letters, digits, points, dashes and underscores.
            case word
            /// A digit, then whatever belongs to a number with its unit, or to a time of day.
            case number
            /// What stood between quotation marks.
            case quoted
            case sign
            case end
        }

        let kind: Kind
        let text: String
        let range: Range<Int>
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// All tokens, the last of which is the end.
    static func tokens(of text: String) throws(ConditionError) -> [Token] {
        var scanner = ConditionScanner(text)
        var tokens: [Token] = []
        while true {
            let token = try scanner.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    /// Whether `text` needs no quotation marks.
    static func isWord(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, isLetter(first) else { return false }
        return text.unicodeScalars.allSatisfy(isWordPart) && ConditionParser.keywords.contains(text) == false
    }

    private mutating func next() throws(ConditionError) -> Token {
        while let scalar = peek, scalar == " " || scalar == "\t" || scalar == "\n" { position += 1 }
        let start = position
        guard let first = peek else { return Token(kind: .end, text: "", range: start..<start + 1) }
        // A slash belongs to units such as Mbit/s; no name has one.
        if Self.isLetter(first) { return take(.word) { Self.isWordPart($0) || $0 == "/" } }
        if Self.isDigit(first) { return takeNumber() }
        if first == "\"" { return try takeQuoted() }
        for sign in ["<=", ">=", "!=", "==", "<", ">", "=", "(", ")", ",", "%"] where starts(with: sign) {
            position += sign.unicodeScalars.count
            return Token(kind: .sign, text: sign, range: start..<position)
        }
        throw ConditionError(
            start..<start + 1, "'\(first)' does not belong here; a condition is made of words, numbers and signs")
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func starts(with text: String) -> Bool {
        let wanted = text.unicodeScalars
        return position + wanted.count <= scalars.count && wanted.elementsEqual(scalars[position..<position + wanted.count])
    }

    private mutating func take(_ kind: Token.Kind, while belongs: (Unicode.Scalar) -> Bool) -> Token {
        let start = position
        while let scalar = peek, belongs(scalar) { position += 1 }
        return Token(kind: kind, text: text(start..<position), range: start..<position)
    }

    /// A percent sign ends a number: `30%for` is a number and a word.
    private mutating func takeNumber() -> Token {
        let start = position
        while let scalar = peek, Self.isWordPart(scalar) || scalar == ":" || scalar == "/" { position += 1 }
        if peek == "%" { position += 1 }
        return Token(kind: .number, text: text(start..<position), range: start..<position)
    }

    private mutating func takeQuoted() throws(ConditionError) -> Token {
        let start = position
        position += 1
        while let scalar = peek, scalar != "\"" { position += 1 }
        guard peek == "\"" else { throw ConditionError(start..<start + 1, "the quotation mark is never closed; add another") }
        position += 1
        return Token(kind: .quoted, text: text(start + 1..<position - 1), range: start..<position)
    }

    private func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.isASCII && scalar.properties.isAlphabetic }
    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        isLetter(scalar) || isDigit(scalar) || scalar == "." || scalar == "_" || scalar == "-"
    }
}
