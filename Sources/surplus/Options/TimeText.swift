import FoundationEssentials
import Resources

/// A point in time as it is written on the command line. Where no time zone is named it is this machine's, as it is now.
enum TimeText {
    /// `7d`, `90min`: so long before `now`. `2026-11-21`, `2026-11-21T08:30`, `2026-11-21T08:30:00Z`: then. `now`.
    ///
    /// - Throws: ``Failure`` that says how to write it.
    static func past(_ text: String, now: Timestamp, utcOffset: Microseconds) throws -> Timestamp {
        if text == "now" { return now }
        let remedy = "write how long ago, such as 90min or 7d, or a date, such as 2026-11-21 or 2026-11-21T08:30:00Z"
        if text.contains("-") {
            guard let time = date(text, utcOffset: utcOffset) else { throw fault(text, remedy) }
            return time
        }
        guard let span = try? Microseconds(text: text) else { throw fault(text, remedy) }
        guard span <= .days(366 * 20) else {
            throw Failure(object: text, fault: "is longer ago than anything is kept", remedy: "write at most 20 years (7320d)")
        }
        return now + -span
    }

    /// `+2h`: so long from `now`. `18:30`: the next one. `2026-11-21T18:30`, `2026-11-21T18:30:00Z`,
    /// `2026-11-21T18:30+01:00`: then.
    ///
    /// - Throws: ``Failure`` that says how to write it.
    static func toCome(_ text: String, now: Timestamp, utcOffset: Microseconds) throws -> Timestamp {
        let remedy = "write +2h for two hours from now, or a time, such as 18:30, 2026-11-21T18:30 or 2026-11-21T18:30Z"
        if text.hasPrefix("+") {
            guard let span = try? Microseconds(text: String(text.dropFirst())) else { throw fault(text, remedy) }
            return now + min(span, .days(366 * 20))
        }
        if text.wholeMatch(of: /\d\d:\d\d(:\d\d)?/) != nil {
            guard let today = date("\(CivilDate(now + utcOffset).date)T\(text)", utcOffset: utcOffset) else {
                throw fault(text, remedy)
            }
            return today > now ? today : today + .days(1)
        }
        guard let time = date(text, utcOffset: utcOffset) else { throw fault(text, remedy) }
        return time
    }

    private static func fault(_ text: String, _ remedy: String) -> Failure {
        Failure(object: String(text.prefix(64)), fault: "is no time", remedy: remedy)
    }

    private static func date(_ text: String, utcOffset: Microseconds) -> Timestamp? {
        guard let match = text.wholeMatch(of: /(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?)?(Z|[+-]\d\d:\d\d)?/) else {
            return nil
        }
        let civil = "\(match.1)T\(match.2 ?? "00:00")\(match.3 ?? ":00")Z"
        guard let date = try? Date(civil, strategy: .iso8601) else { return nil }
        let seconds = date.timeIntervalSince1970
        guard (0..<7_258_118_400).contains(seconds) else { return nil }
        let time = Timestamp(microseconds: Int64(seconds) * 1_000_000)
        // The 30th of February and 25 o'clock are read as days and hours that there are.
        guard CivilDate(time).rfc3339Seconds == civil else { return nil }
        return time + -(match.4.map(offset) ?? utcOffset)
    }

    /// `Z`, `+01:00`.
    private static func offset(_ zone: Substring) -> Microseconds {
        let parts = zone.dropFirst().split(separator: ":").map { Int64($0) ?? 0 }
        guard parts.count == 2 else { return .zero }
        let minutes = Microseconds.minutes(parts[0] * 60 + parts[1])
        return zone.hasPrefix("-") ? -minutes : minutes
    }
}
