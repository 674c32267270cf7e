import Resources

/// What conditions are judged by: the machine's readings at one instant.
package struct Surroundings: Hashable, Codable, Sendable {
    /// Readings in the base unit of their gauge; what cannot be read on this machine is missing.
    private var readings: [Int64?]
    /// The watched programs that run, by name, without those of guests.
    package var programs: Set<String>
    /// The owner's wall clock.
    package var civil: CivilMinute

    package init(civil: CivilMinute, programs: Set<String> = []) {
        readings = Array(repeating: nil, count: Gauge.allCases.count)
        self.programs = programs
        self.civil = civil
    }

    package subscript(gauge: Gauge) -> Int64? {
        get { readings[gauge.index] }
        set { readings[gauge.index] = newValue }
    }
}

extension Gauge {
    private static let indices = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))

    fileprivate var index: Int { Self.indices[self] ?? 0 }
}

/// A minute of the week by the owner's wall clock.
package struct CivilMinute: Hashable, Codable, Sendable {
    package var day: Weekday
    /// Since midnight, 0 to 1439.
    package var minute: Int

    package init(day: Weekday, minute: Int) {
        self.day = day
        self.minute = minute
    }

    /// So many minutes later.
    package func advanced(by minutes: Int) -> CivilMinute {
        let total = (day.rawValue - 1) * 1440 + minute + minutes
        let days = Weekday.allCases
        return CivilMinute(day: days[total / 1440 % days.count], minute: total % 1440)
    }

    /// `Thu 10:32`.
    package var text: String { "\(day.name.prefix(3)) \(ClockTime(minute: minute).text)" }
}

/// The days of the week, Monday first as in ISO 8601.
package enum Weekday: Int, Hashable, Codable, Sendable, CaseIterable, Comparable {
    case monday = 1
    case tuesday, wednesday, thursday, friday, saturday, sunday

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// `Monday`.
    package var name: String {
        switch self {
        case .monday: "Monday"
        case .tuesday: "Tuesday"
        case .wednesday: "Wednesday"
        case .thursday: "Thursday"
        case .friday: "Friday"
        case .saturday: "Saturday"
        case .sunday: "Sunday"
        }
    }

    package var previous: Weekday { Weekday(rawValue: rawValue == 1 ? 7 : rawValue - 1) ?? .sunday }

    static let workdays: Set<Weekday> = [.monday, .tuesday, .wednesday, .thursday, .friday]
    static let weekend: Set<Weekday> = [.saturday, .sunday]
}
