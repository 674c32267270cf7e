import Accounting
import HistoryStore
import Resources

/// What is known of one subject, on disk and in memory together.
struct HistorySource {
    let subject: Subject
    let now: Timestamp
    /// What is not written yet, by resolution.
    var unwritten: [Resolution: [RollUp]] = [:]

    init(subject: Subject, now: Timestamp) {
        self.subject = subject
        self.now = now
    }

    /// Fills a chart.
    ///
    /// - Parameter store: `nil` when there is none now: then what is in memory has to do.
    /// - Returns: `nil` when nothing at all is known.
    func chart(_ empty: Chart, _ metrics: [Metric], from store: HistoryStore?) throws(HistoryStoreError) -> Chart? {
        var oldest: [Resolution: Timestamp] = [:]
        for resolution in Resolution.allCases {
            let written = try store?.oldest(resolution, of: subject)
            let waiting = unwritten[resolution]?.map(\.start).min()
            oldest[resolution] = [written, waiting].compactMap(\.self).min()
        }
        guard !oldest.isEmpty else { return nil }
        var chart = empty
        for part in ChartPlan(empty.range, step: empty.step, now: now, oldest: { oldest[$0] }).parts {
            for row in try rows(part, fine: empty.step < Resolution.minute.span, store) { chart.add(row, metrics) }
        }
        return chart
    }

    private func rows(_ part: ChartPlan.Part, fine: Bool, _ store: HistoryStore?) throws(HistoryStoreError) -> [RollUp] {
        let waiting = (unwritten[part.resolution] ?? []).filter { part.range.contains($0.start) }
        guard let store else { return waiting }
        let rows = try store.rows(of: subject, part.resolution, in: part.range) + waiting
        guard fine, part.resolution == .minute else { return rows }
        // where the seconds of a minute were kept they say more than the minute
        let seconds = try store.incidents(of: subject, in: part.range)
        let told = Set(seconds.map { Resolution.minute.start(of: $0.start) })
        return rows.filter { !told.contains($0.start) } + seconds
    }
}
