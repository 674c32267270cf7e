/// A date and a time of day in UTC, in the proleptic Gregorian calendar, to the microsecond.
///
/// After Howard Hinnant, "chrono-compatible low-level date algorithms" (2013): years begin in March, so that the leap day is
/// the last one, and repeat every 146,097 days.
package struct CivilDate: Hashable, Sendable {
    package let year: Int64
    /// 1 to 12.
    package let month: Int64
    /// From 1.
    package let day: Int64
    /// 0 to 23.
    package let hour: Int64
    package let minute: Int64
    package let second: Int64
    package let microsecond: Int64

    package init(_ timestamp: Timestamp) {
        microsecond = Self.modulo(timestamp.microseconds, 1_000_000)
        let seconds = (timestamp.microseconds - microsecond) / 1_000_000
        let secondOfDay = Self.modulo(seconds, 86_400)
        let days = (seconds - secondOfDay) / 86_400 + 719_468
        let dayOfEra = Self.modulo(days, 146_097)
        let era = (days - dayOfEra) / 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
    }

    /// `2026-11-21`.
    package var date: String { "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))" }

    /// `07:58:17`.
    package var time: String { "\(Self.padded(hour, to: 2)):\(Self.padded(minute, to: 2)):\(Self.padded(second, to: 2))" }

    /// `2026-11-21T07:58:17.000123Z`: RFC 3339, always with microseconds, so that the text sorts like the time.
    package var rfc3339: String { "\(date)T\(time).\(Self.padded(microsecond, to: 6))Z" }

    /// `2026-11-21T07:58:17Z`.
    package var rfc3339Seconds: String { "\(date)T\(time)Z" }

    /// The remainder that is never negative.
    private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }

    private static func padded(_ value: Int64, to count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.count)) + digits
    }
}
