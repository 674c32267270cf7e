import Resources

/// The owner's upper bounds for owner and guests together, by the time of the week.
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

        package init(from: Int, until: Int, cpu: Millicores? = nil, memory: Bytes? = nil) {
            self.from = from
            self.until = until
            self.cpu = cpu
            self.memory = memory
        }

        func contains(_ minute: Int) -> Bool {
            from <= until ? (from..<until).contains(minute) : minute >= from || minute < until
        }
    }

    package static let minutesOfWeek = 7 * 24 * 60

    package var standard: Amounts
    /// Where several hold at one time, the lowest bound of each resource counts.
    package var periods: [Period]

    package init(_ standard: Amounts, periods: [Period] = []) {
        self.standard = standard
        self.periods = periods
    }

    /// The bounds in a minute of the week; a period's own may be higher than the standard ones.
    package func bounds(in minute: Int) -> Amounts {
        let current = periods.filter { $0.contains(minute) }
        return Amounts(
            cpu: current.compactMap(\.cpu).min() ?? standard.cpu, memory: current.compactMap(\.memory).min() ?? standard.memory)
    }
}
