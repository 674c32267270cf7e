import Resources

/// How finely time is told apart in the history, from fine to coarse.
package enum Resolution: Int, CaseIterable, Hashable, Comparable, Sendable {
    case second = 0
    case minute = 1
    case hour = 2
    case day = 3

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    package var span: Microseconds {
        switch self {
        case .second: .seconds(1)
        case .minute: .minutes(1)
        case .hour: .hours(1)
        case .day: .days(1)
        }
    }

    /// For how long its rows are kept; `nil`: for as long as there is room.
    package var retention: Microseconds? {
        switch self {
        case .second: .minutes(10)
        case .minute: .days(7)
        case .hour: .days(730)
        case .day: nil
        }
    }

    package var next: Resolution? { Resolution(rawValue: rawValue + 1) }

    /// The beginning of the interval that `time` lies in. Intervals begin at whole multiples of the span in UTC.
    package func start(of time: Timestamp) -> Timestamp { time.floored(to: span) }

    /// The coarsest whose rows are no longer than `step`.
    package static func coarsest(within step: Microseconds) -> Resolution {
        allCases.last { $0.span <= step } ?? .second
    }
}

extension Timestamp {
    /// The last whole multiple of `span` since 1970 that is not later.
    ///
    /// - Precondition: `span` is positive.
    package func floored(to span: Microseconds) -> Timestamp {
        let remainder = microseconds % span.rawValue
        return Timestamp(microseconds: microseconds - remainder - (remainder < 0 ? span.rawValue : 0))
    }

    /// The first whole multiple of `span` since 1970 that is not earlier.
    package func raised(to span: Microseconds) -> Timestamp {
        let floor = floored(to: span)
        return floor == self ? self : floor + span
    }
}
