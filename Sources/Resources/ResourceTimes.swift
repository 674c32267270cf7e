// Use over time as people write it, and as lists show it to them.

extension CoreMicroseconds: TextualQuantity {
    private static let form = "write core-hours, such as 2.5, or core-seconds, such as '0.12 core-s'"

    /// `2.5`, `2.5 core-hours`, `2.5 core-h`; `0.12 core-s`, `0.12 core-seconds`.
    package init(text: String) throws(TextError) {
        let (number, isHours) = try ResourceTimeText.read(text, seconds: "core", hours: "core", form: Self.form)
        self.init(
            isHours
                ? try number.exactly(3_600_000_000, finest: "0.000001 core-s")
                : try number.exactly(1_000_000, finest: "0.000001 core-s"))
    }

    package var shortText: String { "\(Decimal.short(rawValue, unit: 1_000_000)) core-s" }
}

extension MiBSeconds: TextualQuantity {
    private static let form = "write GiB-hours, such as 2.5, or MiB-seconds, such as '64 MiB-s'"

    /// `2.5`, `2.5 GiB-hours`, `2.5 GiB-h`, rounded down; `64 MiB-s`, `64 MiB-seconds`.
    package init(text: String) throws(TextError) {
        let (number, isHours) = try ResourceTimeText.read(text, seconds: "mib", hours: "gib", form: Self.form)
        guard isHours else {
            self.init(try number.exactly(1, finest: "1 MiB-s"))
            return
        }
        self = GiBHours(try number.exactly(1000, finest: "0.001 GiB-h: write MiB-s")).time
    }

    package var shortText: String { text }
}

/// How all of them are read, by the hour and by the second.
enum ResourceTimeText {
    /// A number, and whether it counts hours, as one without a unit does.
    ///
    /// - Parameters:
    ///   - seconds: what is counted by the second, before the hyphen; nothing is when `nil`.
    ///   - hours: what is counted by the hour.
    static func read(
        _ text: String, seconds: String? = nil, hours: String, form: String
    ) throws(TextError) -> (number: Decimal, isHours: Bool) {
        var scanner = TextScanner(text)
        let number = try scanner.number(else: form)
        let thing = scanner.word().lowercased()
        let unit = scanner.skip("-") ? scanner.word().lowercased() : ""
        try scanner.finish(else: form)
        switch (thing, unit) {
        case ("", ""), (hours, "h"), (hours, "hour"), (hours, "hours"): return (number, true)
        case (seconds, "s"), (seconds, "second"), (seconds, "seconds"): return (number, false)
        default: throw scanner.fault(form)
        }
    }
}
