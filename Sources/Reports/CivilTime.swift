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
    package var rfc3339: String { CivilDate(timestamp).rfc3339 }

    /// The day in UTC: `2026-11-21`.
    var date: String { CivilDate(timestamp).date }

    /// The reader's time of day, with the date before it when it was not today.
    func clock(on page: Page) -> String {
        guard !page.isPlain else { return rfc3339 }
        let civil = CivilDate(timestamp + page.utcOffset)
        return civil.date == CivilDate(page.now + page.utcOffset).date ? civil.time : "\(civil.date) \(civil.time)"
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
