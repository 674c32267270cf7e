/// Processing over time as people write it: thousandths of a core-hour.
package struct CoreHours: TextualQuantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "mcore-h" }

    /// The nearest below.
    package init(_ time: CoreMicroseconds) { self.init(time.rawValue / Self.size) }

    private static let size: Int64 = 3_600_000

    package var time: CoreMicroseconds { CoreMicroseconds(rawValue).scaled(by: Self.size, over: 1) }

    private static let form = "write core-hours, such as 2.5 core-hours"

    /// `2.5`, `2.5 core-hours`, `1 core-hour`, `2.5 core-h`.
    package init(text: String) throws(TextError) {
        self.init(try ResourceHours.read(text, thing: "core", form: Self.form))
    }

    package var text: String { ResourceHours.text(Decimal.text(rawValue, unit: 1000), "core") }
    package var shortText: String { ResourceHours.text(Decimal.short(rawValue, unit: 1000), "core") }
}

/// Memory over time as people write it: thousandths of a GiB-hour.
package struct GiBHours: TextualQuantity {
    package let rawValue: Int64
    package init(_ value: Int64) { rawValue = value }
    package static var unit: String { "mGiB-h" }

    /// The nearest below.
    package init(_ time: MiBSeconds) { self.init(time.scaled(by: 1000, over: Self.size).rawValue) }

    /// MiB-seconds of one GiB-hour.
    private static let size: Int64 = 1024 * 3600

    /// Rounded down.
    package var time: MiBSeconds { MiBSeconds(rawValue).scaled(by: Self.size, over: 1000) }

    private static let form = "write GiB-hours, such as 2.5 GiB-hours"

    /// `2.5`, `2.5 GiB-hours`, `1 GiB-hour`, `2.5 GiB-h`.
    package init(text: String) throws(TextError) {
        self.init(try ResourceHours.read(text, thing: "gib", form: Self.form))
    }

    package var text: String { ResourceHours.text(Decimal.text(rawValue, unit: 1000), "GiB") }
    package var shortText: String { ResourceHours.text(Decimal.short(rawValue, unit: 1000), "GiB") }
}

/// What both have in common.
private enum ResourceHours {
    static func read(_ text: String, thing: String, form: String) throws(TextError) -> Int64 {
        try ResourceTimeText.read(text, hours: thing, form: form).number.exactly(1000, finest: "0.001")
    }

    static func text(_ number: String, _ thing: String) -> String { "\(number) \(thing)-\(number == "1" ? "hour" : "hours")" }
}
