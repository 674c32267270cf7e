import Resources

/// The intervals of one machine or lease that are still being measured: each sample goes into its second, each second that is
/// over into its minute, and so on to days.
///
/// Civil time may jump in either direction. An interval is over as soon as a sample of another one comes, be it a later or an
/// earlier one; an interval that comes again after the clock was set back gets a further row of its own. So whatever the clock
/// does, the samples of all rows of one resolution, and of the open intervals up to it, are exactly those that were added.
package struct Cascade: Hashable, Sendable {
    /// By ``Resolution/rawValue``.
    private var open: [RollUp?]

    package init() { open = Array(repeating: nil, count: Resolution.allCases.count) }

    /// From its open intervals; the last of each resolution counts.
    package init(open intervals: [RollUp]) {
        self.init()
        for interval in intervals { open[interval.resolution.rawValue] = interval }
    }

    /// The open intervals, from fine to coarse. A coarse one does not contain what is still in a finer one.
    package var intervals: [RollUp] { open.compactMap(\.self) }

    /// Adds a sample taken at `time`; returns the rows of the intervals that are over by that, from fine to coarse.
    package mutating func add(_ sample: Sample, at time: Timestamp, isIncident: Bool) -> [RollUp] {
        add(RollUp(sample, at: time, isIncident: isIncident))
    }

    /// Adds what is known of one second; returns the rows of the intervals that are over by that, from fine to coarse.
    package mutating func add(_ second: RollUp) -> [RollUp] {
        var rows: [RollUp] = []
        feed(second, &rows)
        return rows
    }

    /// Ends all intervals, as when nothing more will be measured.
    package mutating func close() -> [RollUp] {
        var rows: [RollUp] = []
        for resolution in Resolution.allCases { finish(resolution, &rows) }
        return rows
    }

    /// What is known so far of intervals of a resolution that are not over, as rows of it.
    package func current(_ resolution: Resolution) -> [RollUp] {
        intervals.filter { $0.resolution <= resolution }.map { $0.within(resolution) }
    }

    private mutating func feed(_ part: RollUp, _ rows: inout [RollUp]) {
        let level = part.resolution.rawValue
        if let interval = open[level], interval.start != part.start { finish(part.resolution, &rows) }
        if open[level]?.merge(part) == nil { open[level] = part }
    }

    private mutating func finish(_ resolution: Resolution, _ rows: inout [RollUp]) {
        guard let row = open[resolution.rawValue] else { return }
        open[resolution.rawValue] = nil
        rows.append(row)
        if let next = resolution.next { feed(row.within(next), &rows) }
    }
}
