/// Why a text is not the quantity it should be, and what to write instead.
package struct TextError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A quantity that people write and read, as in `1.5 cores`, `512 MiB`, `1 h 30 min`, `0.25 credits`, `80%`.
///
/// Parsing and formatting are exact and need no floating point: `try Self(text: value.text) == value` for every value that
/// is not negative, and for credits of either sign.
package protocol TextualQuantity: Quantity {
    /// Reads what a person wrote. Spaces between number and unit are optional, the decimal separator is a point.
    /// Ranges are the caller's business; what does not fit 64 bits is refused.
    init(text: String) throws(TextError)

    /// The exact value in the units people use.
    var text: String { get }

    /// The value to three significant digits, for tables and progress lines. It is not meant to be parsed.
    var shortText: String { get }
}

extension Millicores: TextualQuantity {
    private static let form = "write cores, such as 1.5, or millicores, such as 1500m"

    /// `1.5`, `1.5 cores`, `1 core`, `1500m`.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        let number = try scanner.number(else: Self.form)
        switch scanner.word().lowercased() {
        case "", "core", "cores": self.init(try number.exactly(1000, finest: "1m (a thousandth of a core)"))
        case "m", "mcore", "mcores", "millicores": self.init(try number.exactly(1, finest: "1m (a thousandth of a core)"))
        default: throw scanner.fault(Self.form)
        }
        try scanner.finish(else: Self.form)
    }

    package var text: String {
        let number = Decimal.text(rawValue, unit: 1000)
        return number == "1" ? "1 core" : "\(number) cores"
    }

    package var shortText: String {
        let number = Decimal.short(rawValue, unit: 1000)
        return number == "1" ? "1 core" : "\(number) cores"
    }
}

extension Bytes: TextualQuantity {
    private static let form = "write a size, such as 512 MiB or 2 GiB"
    private static let binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// `512 MiB`, `512M` and `512Mi` are the same; `512 MB` counts in thousands. Case does not matter. A fraction of a
    /// byte is dropped, so that `0.3 GiB` can be written.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        let number = try scanner.number(else: Self.form)
        let unit = scanner.word()
        guard let size = Self.unitSize(unit.lowercased()) else {
            // What is no bare number, such as a percentage, does not lack a unit.
            let isBare = unit.isEmpty && scanner.isAtEnd
            throw scanner.fault(isBare ? "add a unit, such as \(text) MiB" : Self.form)
        }
        try scanner.finish(else: Self.form)
        self.init(try number.roundedDown(size))
    }

    private static func unitSize(_ unit: String) -> Int64? {
        if unit == "b" { return 1 }
        guard let prefix = unit.first, let power = "kmgtpe".firstIndex(of: prefix) else { return nil }
        let exponent = "kmgtpe".distance(from: "kmgtpe".startIndex, to: power) + 1
        switch unit.dropFirst() {
        case "", "i", "ib": return 1 << (10 * Int64(exponent))
        case "b": return (0..<exponent).reduce(1) { size, _ in size * 1000 }
        default: return nil
        }
    }

    /// The largest unit in which two digits behind the point are enough.
    package var text: String {
        var step = Self.binary.count - 1
        while step > 0 {
            let unit = Int64(1) << (10 * Int64(step))
            if rawValue.magnitude >= unit.magnitude, (Int128(rawValue) * 100).isMultiple(of: Int128(unit)) {
                return "\(Decimal.text(rawValue, unit: unit)) \(Self.binary[step])"
            }
            step -= 1
        }
        return "\(rawValue) B"
    }

    package var shortText: String {
        var step = 0
        while step < Self.binary.count - 1, rawValue.magnitude >= UInt64(1000) << (10 * UInt64(step)) { step += 1 }
        return "\(Decimal.short(rawValue, unit: Int64(1) << (10 * Int64(step)))) \(Self.binary[step])"
    }
}

extension Microseconds: TextualQuantity {
    private static let form = "write a duration, such as 30s, 15 min or 1h30m"
    private static let units: [(name: String, size: Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1000), ("us", 1),
    ]

    /// `30s`, `15m`, `15 min`, `1h30m`, `1.5 h`, `250ms`. Each unit at most once, from large to small.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        var total: Int64 = 0
        var smallest = Int64.max
        repeat {
            let number = try scanner.number(else: Self.form)
            let unit = scanner.word()
            guard let size = Self.unitSize(unit.lowercased()) else {
                throw unit.isEmpty ? scanner.fault("add a unit, such as \(text)s or \(text)m") : scanner.fault(Self.form)
            }
            guard size < smallest else { throw scanner.fault(Self.form) }
            smallest = size
            let (sum, overflow) = total.addingReportingOverflow(try number.exactly(size, finest: "1 us"))
            guard !overflow else { throw TextError("'\(text)' is too large") }
            total = sum
        } while !scanner.isAtEnd
        self.init(total)
    }

    private static func unitSize(_ unit: String) -> Int64? {
        switch unit {
        case "m", "minute", "minutes": 60_000_000
        case "sec", "second", "seconds": 1_000_000
        case "hour", "hours": 3_600_000_000
        case "day", "days": 86_400_000_000
        default: units.first { $0.name == unit }?.size
        }
    }

    package var text: String {
        guard rawValue != 0 else { return "0 s" }
        var rest = rawValue.magnitude
        var parts: [String] = []
        for (name, size) in Self.units where rest >= UInt64(size) {
            parts.append("\(rest / UInt64(size)) \(name)")
            rest %= UInt64(size)
        }
        return (rawValue < 0 ? "-" : "") + parts.joined(separator: " ")
    }

    /// The two largest units: `1 h 30 min`, `2 min 5 s`, `3.2 s`, `12 ms`.
    package var shortText: String {
        guard let first = Self.units.firstIndex(where: { rawValue.magnitude >= UInt64($0.size) }) else { return text }
        guard first < 3 else { return "\(Decimal.short(rawValue, unit: Self.units[first].size)) \(Self.units[first].name)" }
        let step = Self.units[first + 1].size
        return Microseconds(rawValue / step * step).text
    }
}

extension Microcredits: TextualQuantity {
    private static let form = "write credits with at most six digits behind the point, such as 0.25"

    /// `0.25`, `0.25 credits`, `1 credit`, `-3 credits`.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        let sign: Int64 = scanner.skip("-") ? -1 : 1
        let number = try scanner.number(else: Self.form)
        switch scanner.word().lowercased() {
        case "", "credit", "credits", "cr": self.init(sign * (try number.exactly(1_000_000, finest: "0.000001 credits")))
        default: throw scanner.fault(Self.form)
        }
        try scanner.finish(else: Self.form)
    }

    package var text: String {
        let number = Decimal.text(rawValue, unit: 1_000_000)
        return number == "1" ? "1 credit" : "\(number) credits"
    }

    package var shortText: String {
        let number = Decimal.short(rawValue, unit: 1_000_000)
        return number == "1" ? "1 credit" : "\(number) credits"
    }
}

extension BasisPoints: TextualQuantity {
    private static let form = "write a percentage with at most two digits behind the point, such as 80%"

    /// `80%`, `12.5 %`. The sign is required: `0.8` could mean either.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        let number = try scanner.number(else: Self.form)
        guard scanner.skip("%") else { throw scanner.fault(Self.form) }
        try scanner.finish(else: Self.form)
        self.init(try number.exactly(100, finest: "0.01%"))
    }

    package var text: String { "\(Decimal.text(rawValue, unit: 100))%" }
    package var shortText: String { "\(Decimal.short(rawValue, unit: 100))%" }
}

extension BitsPerSecond: TextualQuantity {
    private static let form = "write a data rate, such as 100 Mbit/s or 1 Gbit/s"
    private static let units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]

    /// `100 Mbit/s`, `1.5Gbit/s`, `64 kbit/s`; each step is a thousand of the one before.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        let number = try scanner.number(else: Self.form)
        let unit = scanner.word().lowercased()
        guard scanner.skip("/"), scanner.word() == "s", unit.hasSuffix("bit"), unit.count <= 4,
            let step = Self.units.firstIndex(where: { $0.lowercased() == unit + "/s" })
        else { throw scanner.fault(Self.form) }
        try scanner.finish(else: Self.form)
        self.init(try number.exactly((0..<step).reduce(1) { size, _ in size * 1000 }, finest: "1 bit/s"))
    }

    package var text: String { "\(Decimal.text(rawValue, unit: step.size)) \(step.name)" }
    package var shortText: String { "\(Decimal.short(rawValue, unit: step.size)) \(step.name)" }

    /// The largest unit that is not above the value.
    private var step: (name: String, size: Int64) {
        var (index, size): (Int, Int64) = (0, 1)
        while index < Self.units.count - 1, rawValue.magnitude >= UInt64(size) * 1000 { (index, size) = (index + 1, size * 1000) }
        return (Self.units[index], size)
    }
}

extension Load: TextualQuantity {
    private static let form = "write a number with at most three digits behind the point, such as 0.5"

    /// `2`, `0.75`.
    package init(text: String) throws(TextError) {
        var scanner = TextScanner(text)
        let number = try scanner.number(else: Self.form)
        try scanner.finish(else: Self.form)
        self.init(try number.exactly(1000, finest: "0.001"))
    }

    package var text: String { Decimal.text(rawValue, unit: 1000) }
    package var shortText: String { Decimal.short(rawValue, unit: 1000) }
}
