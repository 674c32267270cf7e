extension String {
    /// The text with everything made visible that could move a terminal's cursor, change its colours or reorder what is
    /// read: names and reasons come from other machines.
    package var printable: String {
        guard !utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isUnsafeToShow {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Columns this takes on a terminal: two for wide East Asian characters and emoji, none for combining marks.
    var columns: Int {
        guard !utf8.allSatisfy({ $0 < 0x80 }) else { return utf8.count }
        return reduce(0) { $0 + ($1.unicodeScalars.first?.isWide == true ? 2 : 1) }
    }

    /// The longest beginning that fits `width` columns, ending in "…" when something was left out.
    func shortened(to width: Int, mark: String) -> String {
        guard columns > width else { return self }
        var result = ""
        var used = mark.columns
        for character in self {
            let next = used + String(character).columns
            guard next <= width else { break }
            result.append(character)
            used = next
        }
        return result + mark
    }
}

extension Unicode.Scalar {
    /// Controls, and the invisible characters that set the direction of text.
    fileprivate var isUnsafeToShow: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// The blocks that Unicode Standard Annex 11 counts as wide, without the gaps between them.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
