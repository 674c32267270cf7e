import Resources

/// The owner's upper bounds for owner and guests together, and for how long the owner's work may have to wait, by the time of the
/// week.
package struct Thresholds: Hashable, Sendable {
    /// A part of the week in which other bounds hold.
    package struct Period: Hashable, Sendable {
        /// Its first minute, counted from Monday 00:00 of civil time.
        package var from: Int
        /// The first minute after it. Before `from` when the turn of the week is within.
        package var until: Int
        /// What is not bounded differently is left out.
        package var cpu: Millicores?
        package var memory: Bytes?
        package var pressure: Pressure

        package init(from: Int, until: Int, cpu: Millicores? = nil, memory: Bytes? = nil, pressure: Pressure = .unknown) {
            self.from = from
            self.until = until
            self.cpu = cpu
            self.memory = memory
            self.pressure = pressure
        }

        func contains(_ minute: Int) -> Bool {
            from <= until ? (from..<until).contains(minute) : minute >= from || minute < until
        }
    }

    package static let minutesOfWeek = 7 * 24 * 60

    package var standard: Amounts
    /// For which part of a tick the owner's work may have to wait; `nil` or all of it where waiting moves nothing.
    package var pressure: Pressure
    /// Where several hold at one time, the lowest bound of each resource counts.
    package var periods: [Period]

    package init(_ standard: Amounts, pressure: Pressure = Self.usualPressure, periods: [Period] = []) {
        self.standard = standard
        self.pressure = pressure
        self.periods = periods
    }

    /// How long the owner's work may have to wait where nobody says otherwise.
    package static let usualPressure = Pressure(cpu: .percent(50), memory: .percent(10), disk: .percent(30))

    /// For which part of a tick the owner's work may have to wait in a minute of the week.
    package func pressure(in minute: Int) -> Pressure {
        let current = periods.filter { $0.contains(minute) }
        var result = pressure
        for resource in Resource.allCases {
            if let bound = current.compactMap({ $0.pressure[resource] }).min() { result[resource] = bound }
        }
        return result
    }

    /// The bounds in a minute of the week; a period's own may be higher than the standard ones.
    package func bounds(in minute: Int) -> Amounts {
        let current = periods.filter { $0.contains(minute) }
        return Amounts(
            cpu: current.compactMap(\.cpu).min() ?? standard.cpu, memory: current.compactMap(\.memory).min() ?? standard.memory)
    }
}
