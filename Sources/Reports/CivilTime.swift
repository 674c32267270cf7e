import Resources

/// An instant as reports give it: RFC 3339 in UTC for scripts, relative or as a time of day for people.
package struct CivilTime: Hashable, Encodable, Sendable {
    package let timestamp: Timestamp

    package init(_ timestamp: Timestamp) { self.timestamp = timestamp }

    /// From the wire, where zero stands for "never".
    package init?(microseconds: Int64) {
        guard microseconds != 0 else { return nil }
        self.init(Timestamp(microseconds: microseconds))
    }

    /// `2026-11-21T07:58:17.000123Z`: always with microseconds, so that the text sorts like the time.
    package var rfc3339: String {
        let (date, time) = Self.civil(timestamp.microseconds)
        return "\(date)T\(time).\(Self.padded(Self.modulo(timestamp.microseconds, 1_000_000), to: 6))Z"
    }

    /// The reader's time of day, with the date before it when it was not today.
    func clock(on page: Page) -> String {
        guard !page.isPlain else { return rfc3339 }
        let (date, time) = Self.civil(timestamp.microseconds + page.utcOffset.rawValue)
        let today = Self.civil(page.now.microseconds + page.utcOffset.rawValue).date
        return date == today ? time : "\(date) \(time)"
    }

    /// `08:02:47 (in 4 min 30 s)`.
    func clockAndDistance(on page: Page) -> String {
        page.isPlain ? rfc3339 : "\(clock(on: page)) (\(relative(on: page)))"
    }

    /// `12 s ago`, `in 4 min 30 s`, `now`.
    func relative(on page: Page) -> String {
        guard !page.isPlain else { return rfc3339 }
        let distance = timestamp - page.now
        let span = Microseconds(abs(distance.rawValue / 1_000_000) * 1_000_000)
        guard span > .zero else { return "now" }
        return distance > .zero ? "in \(span.shortText)" : "\(span.shortText) ago"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

// The proleptic Gregorian calendar, after Howard Hinnant, "chrono-compatible low-level date algorithms" (2013): years begin
// in March, so that the leap day is the last one, and repeat every 146,097 days.
extension CivilTime {
    private static func civil(_ microseconds: Int64) -> (date: String, time: String) {
        let seconds = (microseconds - modulo(microseconds, 1_000_000)) / 1_000_000
        let second = modulo(seconds, 86_400)
        let day = (seconds - second) / 86_400 + 719_468
        let dayOfEra = modulo(day, 146_097)
        let era = (day - dayOfEra) / 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = [padded(year, to: 4), padded(month, to: 2), padded(dayOfYear - (153 * shifted + 2) / 5 + 1, to: 2)]
        let time = [padded(second / 3600, to: 2), padded(second / 60 % 60, to: 2), padded(second % 60, to: 2)]
        return (date.joined(separator: "-"), time.joined(separator: ":"))
    }

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
