import Resources

/// A time of day to the minute; 24:00 is the end of a day.
package struct ClockTime: Hashable, Codable, Sendable {
    /// Since midnight, 0 to 1440.
    package let minute: Int

    package init(minute: Int) { self.minute = minute }

    /// Reads `08:00`, `8:00` or `24:00`.
    package init?(text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
        else { return nil }
        self.minute = hour * 60 + minute
    }

    package var text: String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(minute / 60)):\(two(minute % 60))"
    }
}

/// A span of the day on some days of the week. One that ends before it begins runs over midnight and counts for the day on
/// which it begins.
package struct Window: Hashable, Codable, Sendable {
    package var from: ClockTime
    package var to: ClockTime
    package var days: Set<Weekday>

    /// - Precondition: `from` and `to` differ, and there is a day.
    package init(from: ClockTime, to: ClockTime, days: Set<Weekday>) {
        precondition(from != to && !days.isEmpty, "an empty window")
        self.from = from
        self.to = to
        self.days = days
    }

    package static func wholeDays(_ days: Set<Weekday>) -> Window {
        Window(from: ClockTime(minute: 0), to: ClockTime(minute: 1440), days: days)
    }

    package func contains(_ time: CivilMinute) -> Bool {
        if from.minute < to.minute { return days.contains(time.day) && (from.minute..<to.minute).contains(time.minute) }
        return (days.contains(time.day) && time.minute >= from.minute)
            || (days.contains(time.day.previous) && time.minute < to.minute)
    }

    /// A minute of the week that is in both; `nil` when there is none.
    package func overlap(with other: Window) -> CivilMinute? {
        // where two windows meet, one of them begins within the other
        func beginning(of one: Window, in another: Window) -> CivilMinute? {
            one.days.sorted().map { CivilMinute(day: $0, minute: one.from.minute) }.first(where: another.contains)
        }
        return beginning(of: self, in: other) ?? beginning(of: other, in: self)
    }

    /// The spans of minutes that it consists of, one for each day, counted from Monday 00:00; one that begins late on Sunday goes on
    /// beyond the week.
    package var minutesOfWeek: [Range<Int>] {
        days.sorted().map { day in
            let start = (day.rawValue - 1) * 1440 + from.minute
            let length = to.minute - from.minute + (from.minute < to.minute ? 0 : 1440)
            return start..<start + length
        }
    }

    /// As it can be read back: `between 08:00 and 18:00 on weekdays`.
    package var text: String {
        let isWholeDay = from.minute == 0 && to.minute == 1440
        let hours = isWholeDay ? "" : "between \(from.text) and \(to.text)"
        if days.count == 7 { return isWholeDay ? "on every day" : hours }
        return hours + (isWholeDay ? "" : " ") + "on \(Self.text(of: days))"
    }

    private static func text(of days: Set<Weekday>) -> String {
        if days == Weekday.workdays { return "weekdays" }
        if days == Weekday.weekend { return "weekends" }
        return days.sorted().map { $0.name.lowercased() }.joined(separator: ", ")
    }
}
