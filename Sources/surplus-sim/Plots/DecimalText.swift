/// Numbers as they are written in plots and tables.
enum DecimalText {
    /// With so many digits behind the point, rounded: `12.50`.
    static func fixed(_ value: Double, digits: Int) -> String {
        precondition((0...9).contains(digits), "\(digits) digits")
        let unit = (0..<digits).reduce(1) { product, _ in product * 10 }
        guard value.isFinite, value.magnitude * Double(unit) < 9e18 else { return "\(value)" }
        let parts = Int((value.magnitude * Double(unit)).rounded())
        let sign = value < 0 && parts > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(parts)" }
        let rest = String(parts % unit)
        return "\(sign)\(parts / unit)." + String(repeating: "0", count: digits - rest.count) + rest
    }

    /// With no more digits behind the point than it needs: `12.5`.
    static func short(_ value: Double, digits: Int = 2) -> String {
        var text = fixed(value, digits: digits)
        guard text.contains("."), !text.contains("e") else { return text }
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    /// With two digits behind the point: `12.50%`.
    static func percent(_ value: Double) -> String { fixed(value, digits: 2) + "%" }

    /// In groups of three digits: `1 234 567`.
    static func count(_ value: Int64) -> String {
        let digits = String(value.magnitude)
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { result += "\u{202F}" }
            result.append(digit)
        }
        return (value < 0 ? "-" : "") + result
    }
}
