/// A non-negative decimal number as it was written: `digits x 10^-places`, so that nothing is lost on the way to an integer.
struct Decimal: Hashable {
    let digits: Int128
    /// How many of the digits stand behind the point.
    let places: Int
    /// As it was written, for messages.
    let written: String

    private var scale: Int128 { (0..<places).reduce(1) { scale, _ in scale * 10 } }

    /// The number of base units in this many units of `size`.
    ///
    /// - Throws: ``TextError`` when it is no whole number of base units (`finest` names one) or does not fit 64 bits.
    func exactly(_ size: Int64, finest: String) throws(TextError) -> Int64 {
        guard (digits * Int128(size)).isMultiple(of: scale) else { throw TextError("'\(written)' is finer than \(finest)") }
        return try roundedDown(size)
    }

    /// The same without the remainder.
    func roundedDown(_ size: Int64) throws(TextError) -> Int64 {
        guard let value = Int64(exactly: digits * Int128(size) / scale) else { throw TextError("'\(written)' is too large") }
        return value
    }

    /// `value / unit` with as many digits as it takes.
    ///
    /// - Precondition: `unit` has no other prime factors than 2 and 5, so that there is an end to the digits.
    static func text(_ value: Int64, unit: Int64) -> String {
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: unit.magnitude)
        var fraction = ""
        var remainder = UInt128(rest)
        while remainder > 0 {
            let (digit, next) = (remainder * 10).quotientAndRemainder(dividingBy: UInt128(unit))
            fraction += "\(digit)"
            remainder = next
        }
        return (value < 0 ? "-" : "") + "\(whole)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }

    /// `value / unit` rounded half away from zero to three significant digits; whole numbers keep all of theirs.
    static func short(_ value: Int64, unit: Int64) -> String {
        let magnitude = UInt128(value.magnitude)
        var places = 0
        var scale: UInt128 = 1
        while places < 6, magnitude * scale < UInt128(unit) * 100, !(magnitude * scale).isMultiple(of: UInt128(unit)) {
            places += 1
            scale *= 10
        }
        let rounded = (magnitude * scale * 2 + UInt128(unit)) / (UInt128(unit) * 2)
        var fraction = "\(rounded % scale)"
        fraction = String(repeating: "0", count: places - min(places, fraction.count)) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        let sign = value < 0 && rounded > 0 ? "-" : ""
        return sign + "\(rounded / scale)" + (places == 0 || fraction.isEmpty ? "" : ".\(fraction)")
    }
}

/// Takes a short text apart into numbers and words, skipping the spaces between them.
struct TextScanner {
    /// More than any quantity needs; keeps hostile input from being walked or echoed.
    private static let longest = 64
    /// As many as `Int64.max` has. With units below 2^60 products stay within 128 bits.
    private static let mostDigits = 19

    private let text: String
    private var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
        skipSpaces()
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The error for this text: what it is, and the remedy.
    func fault(_ remedy: String) -> TextError {
        guard text.utf8.count <= Self.longest else {
            return TextError("the value is longer than \(Self.longest) characters: \(remedy)")
        }
        return TextError(text.isEmpty ? "there is no value: \(remedy)" : "'\(text)' is not understood: \(remedy)")
    }

    /// Reads digits with at most one point among them, such as `12` or `0.5`.
    mutating func number(else remedy: String) throws(TextError) -> Decimal {
        guard text.utf8.count <= Self.longest else { throw fault(remedy) }
        let whole = takeDigits()
        var fraction = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = takeDigits()
            guard !fraction.isEmpty else { throw fault(remedy) }
        }
        guard !whole.isEmpty else { throw fault(remedy) }
        let digits = whole + fraction
        guard digits.utf8.count <= Self.mostDigits, let value = Int128(digits) else {
            throw TextError("'\(text)' has more than \(Self.mostDigits) digits")
        }
        skipSpaces()
        return Decimal(digits: value, places: fraction.utf8.count, written: text)
    }

    /// Reads ASCII letters; empty when there are none.
    mutating func word() -> String {
        let word = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest[word.endIndex...]
        skipSpaces()
        return String(word)
    }

    /// Skips `character` when it comes next.
    mutating func skip(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        skipSpaces()
        return true
    }

    func finish(else remedy: String) throws(TextError) {
        guard isAtEnd else { throw fault(remedy) }
    }

    private mutating func takeDigits() -> String {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest = rest[digits.endIndex...]
        return String(digits)
    }

    private mutating func skipSpaces() { rest = rest.drop { $0 == " " } }
}
