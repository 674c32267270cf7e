import FoundationEssentials
import Resources

/// A point in time as it is written on the command line: how long ago, or a date.
enum TimeText {
    /// `7d`, `90min`: so long before `now`. `2026-11-21`, `2026-11-21T08:30`, `2026-11-21T08:30:00Z`: then, in the time zone of
    /// this machine where none is named. `now`.
    ///
    /// - Throws: ``Failure`` that says how to write it.
    static func parse(_ text: String, now: Timestamp, utcOffset: Microseconds) throws -> Timestamp {
        if text == "now" { return now }
        if text.contains("-") {
            guard let time = date(text, utcOffset: utcOffset) else { throw fault(text) }
            return time
        }
        guard let span = try? Microseconds(text: text) else { throw fault(text) }
        guard span <= .days(366 * 20) else {
            throw Failure(object: text, fault: "is longer ago than anything is kept", remedy: "write at most 20 years (7320d)")
        }
        return now + -span
    }

    private static func fault(_ text: String) -> Failure {
        Failure(
            object: String(text.prefix(64)), fault: "is no time",
            remedy: "write how long ago, such as 90min or 7d, or a date, such as 2026-11-21 or 2026-11-21T08:30:00Z")
    }

    private static func date(_ text: String, utcOffset: Microseconds) -> Timestamp? {
        let isUTC = text.hasSuffix("Z")
        let local = isUTC ? String(text.dropLast()) : text
        // to the minute, or to the day
        let form = local.utf8.count == 10 ? local + "T00:00:00" : local.utf8.count == 16 ? local + ":00" : local
        if !isUTC, let date = try? Date(form, strategy: .iso8601) { return timestamp(date) }
        guard let date = try? Date(form + "Z", strategy: .iso8601) else { return nil }
        return timestamp(date).map { isUTC ? $0 : $0 + -utcOffset }
    }

    private static func timestamp(_ date: Date) -> Timestamp? {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        guard seconds >= 0, seconds < 7_258_118_400 else { return nil }
        return Timestamp(microseconds: Int64(seconds) * 1_000_000)
    }
}
