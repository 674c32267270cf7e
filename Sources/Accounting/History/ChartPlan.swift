import Resources

/// Which rows a chart is made of: the coarsest that are fine enough, and coarser ones for the time before the first of them that
/// is still there. No time is taken from two resolutions.
package struct ChartPlan: Hashable, Sendable {
    package struct Part: Hashable, Sendable {
        package var resolution: Resolution
        package var range: Range<Timestamp>

        package init(_ resolution: Resolution, _ range: Range<Timestamp>) {
            self.resolution = resolution
            self.range = range
        }
    }

    /// From the latest and finest to the earliest.
    package let parts: [Part]

    /// - Parameters:
    ///   - now: rows whose time is up by then do not count, even if there still are some.
    ///   - oldest: the beginning of the first row of a resolution that there is.
    package init(_ range: Range<Timestamp>, step: Microseconds, now: Timestamp, oldest: (Resolution) -> Timestamp?) {
        func first(_ resolution: Resolution) -> Timestamp? {
            guard let oldest = oldest(resolution) else { return nil }
            return resolution.retention.map { max(oldest, now + -$0) } ?? oldest
        }
        var parts: [Part] = []
        var end = range.upperBound
        for resolution in Resolution.allCases where resolution >= .coarsest(within: step) && end > range.lowerBound {
            var begin = range.lowerBound
            if let next = resolution.next {
                guard let first = first(resolution) else { continue }
                let coarser = Resolution.allCases.filter { $0 > resolution }
                // the coarser row in which the finer ones begin holds more than they do
                if coarser.contains(where: { (oldest($0) ?? first) < $0.start(of: first) }) {
                    begin = min(max(begin, first.raised(to: next.span)), end)
                }
            }
            if begin < end { parts.append(Part(resolution, begin..<end)) }
            end = begin
        }
        self.parts = parts
    }
}
