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
        guard let plan = try plan(empty.range, step: empty.step, store) else { return nil }
        var chart = empty
        for part in plan.parts {
            for row in try rows(part, step: empty.step, store) { chart.add(row, metrics) }
        }
        return chart
    }

    /// Which rows make up a range; `nil` when nothing at all is known.
    func plan(
        _ range: Range<Timestamp>, step: Microseconds, _ store: HistoryStore?
    ) throws(HistoryStoreError) -> ChartPlan? {
        let oldest = try oldest(store)
        guard !oldest.isEmpty else { return nil }
        return ChartPlan(range, step: step, now: now, oldest: { oldest[$0] })
    }

    /// The beginning of the first row of each resolution that there are rows of.
    func oldest(_ store: HistoryStore?) throws(HistoryStoreError) -> [Resolution: Timestamp] {
        var oldest: [Resolution: Timestamp] = [:]
        for resolution in Resolution.allCases {
            let written = try store?.oldest(resolution, of: subject)
            let waiting = unwritten[resolution]?.map(\.start).min()
            oldest[resolution] = [written, waiting].compactMap(\.self).min()
        }
        return oldest
    }

    /// When the first row begins, by the finest that tells: a coarse one begins before what it is about.
    func beginning(_ store: HistoryStore?) throws(HistoryStoreError) -> Timestamp? {
        let oldest = try oldest(store)
        return Resolution.allCases.reversed().reduce(nil) { beginning, resolution in
            guard let start = oldest[resolution] else { return beginning }
            guard let beginning, let coarser = resolution.next else { return start }
            return start < beginning + coarser.span ? max(start, beginning) : beginning
        }
    }

    func rows(_ part: ChartPlan.Part, step: Microseconds, _ store: HistoryStore?) throws(HistoryStoreError) -> [RollUp] {
        let waiting = (unwritten[part.resolution] ?? []).filter { part.range.contains($0.start) }
        guard let store else { return waiting }
        let rows = try store.rows(of: subject, part.resolution, in: part.range) + waiting
        guard step < Resolution.minute.span, part.resolution == .minute else { return rows }
        // where the seconds of a minute were kept they say more than the minute
        let seconds = try store.incidents(of: subject, in: part.range)
        let told = Set(seconds.map { Resolution.minute.start(of: $0.start) })
        return rows.filter { !told.contains($0.start) } + seconds
    }
}

/// What is known of who had the machine's capacity, on disk and in memory together.
struct CapacitySource {
    let machine: HistorySource
    /// Those of which something is not written yet.
    let leases: [HistorySource]

    /// Fills a chart. Rows of leases are of the same resolution as the machine's, so that they come to the same.
    ///
    /// - Parameter store: `nil` when there is none now: then what is in memory has to do.
    func chart(_ empty: CapacityChart, from store: HistoryStore?) throws(HistoryStoreError) -> CapacityChart {
        var chart = empty
        for part in try machine.plan(empty.range, step: empty.step, store)?.parts ?? [] {
            for source in [machine] + (try known(part, store)) {
                for row in try source.rows(part, step: empty.step, store) { chart.add(row, of: source.subject) }
            }
        }
        return chart
    }

    /// The leases of which there may be rows.
    private func known(_ part: ChartPlan.Part, _ store: HistoryStore?) throws(HistoryStoreError) -> [HistorySource] {
        let waiting = Set(leases.map(\.subject))
        let written = try store?.subjects(part.resolution, in: part.range) ?? []
        return leases
            + written.filter { $0 != .machine && !waiting.contains($0) }.map { HistorySource(subject: $0, now: machine.now) }
    }
}
