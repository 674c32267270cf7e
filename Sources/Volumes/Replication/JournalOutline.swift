import Resources

/// A place in the history of a volume. Index and epoch together name one record wherever it lies, and the history up to it.
///
/// Of two, the later is the one of the later epoch, and then that with the higher index: no history that ends there lacks a record
/// that was durable where one that ends before has it (section 5.4.1 of D. Ongaro, J. Ousterhout, "In search of an understandable
/// consensus algorithm", 2014).
package struct LogPosition: Hashable, Comparable, Sendable {
    package let index: UInt64
    /// Of the home that wrote the record.
    package let epoch: UInt64

    package init(index: UInt64, epoch: UInt64) {
        self.index = index
        self.epoch = epoch
    }

    /// Before the first record.
    package static let start = LogPosition(index: 0, epoch: 1)

    package static func < (a: Self, b: Self) -> Bool { (a.epoch, a.index) < (b.epoch, b.index) }
}

/// Which records a journal has, without the records: where each epoch begins. A few numbers tell where two histories part (as the
/// leader epochs of Kafka do, KIP-101).
package struct JournalOutline: Hashable, Sendable {
    package struct Run: Hashable, Sendable {
        package let epoch: UInt64
        /// Index of its first record.
        package let first: UInt64

        package init(epoch: UInt64, first: UInt64) {
            self.epoch = epoch
            self.first = first
        }
    }

    /// The last record that is not kept any more.
    package private(set) var trimmed: LogPosition
    /// Of the records that are kept, in order; each has an epoch of its own. Records before the first are of the epoch of the last one
    /// that was trimmed.
    package private(set) var runs: [Run] = []
    /// The last record.
    package private(set) var last: UInt64

    package init(after trimmed: LogPosition = .start) {
        self.trimmed = trimmed
        last = trimmed.index
    }

    /// One that was told.
    ///
    /// - Returns: `nil` when no journal can be so.
    init?(after trimmed: LogPosition, _ runs: [Run], last: UInt64) {
        guard last >= trimmed.index, runs.map(\.first).isStrictlyAscending, runs.map(\.epoch).isStrictlyAscending,
            runs.first.map({ $0.first > trimmed.index && $0.epoch >= trimmed.epoch }) ?? true,
            runs.last.map({ $0.first <= last }) ?? true
        else { return nil }
        (self.trimmed, self.runs, self.last) = (trimmed, runs, last)
    }

    package var end: LogPosition { LogPosition(index: last, epoch: runs.last?.epoch ?? trimmed.epoch) }

    /// - Returns: `nil` for a record that is not kept any more or not there yet; not for the last one that was trimmed.
    package func position(of index: UInt64) -> LogPosition? {
        guard (trimmed.index...last).contains(index) else { return nil }
        let run = runs.last { $0.first <= index }
        return LogPosition(index: index, epoch: run?.epoch ?? trimmed.epoch)
    }

    package func has(_ position: LogPosition) -> Bool { self.position(of: position.index) == position }

    /// - Precondition: it follows on the last, in no earlier epoch.
    package mutating func append(_ position: LogPosition) {
        precondition(position.index == last + 1 && position.epoch >= end.epoch, "records follow on each other")
        if runs.last?.epoch != position.epoch { runs.append(Run(epoch: position.epoch, first: position.index)) }
        last = position.index
    }

    /// - Precondition: that record is kept, or the last that was trimmed.
    package mutating func truncate(after index: UInt64) {
        precondition((trimmed.index...last).contains(index), "what was trimmed does not come back")
        runs.removeAll { $0.first > index }
        last = index
    }

    package mutating func trim(through index: UInt64) {
        guard index > trimmed.index, let position = position(of: index) else { return }
        runs = runs.enumerated().compactMap { place, run in
            let next = place + 1 < runs.count ? runs[place + 1].first : last + 1
            return next <= index + 1 ? nil : Run(epoch: run.epoch, first: max(run.first, index + 1))
        }
        trimmed = position
    }

    /// The last record up to which both histories are one.
    ///
    /// - Returns: `nil` when it is kept in neither or only one of them, so that a copy of the state is needed.
    package func agreement(with other: JournalOutline) -> UInt64? {
        let lowest = max(trimmed.index, other.trimmed.index)
        var index = min(last, other.last)
        while index >= lowest, let own = position(of: index), let theirs = other.position(of: index) {
            if own == theirs { return index }
            // The whole run of the later epoch is not in the other history.
            let run = own.epoch > theirs.epoch ? runs.last { $0.first <= index } : other.runs.last { $0.first <= index }
            guard let run else { return nil }
            index = run.first - 1
        }
        return nil
    }
}
