import Resources

/// Whose history a row belongs to.
package enum Subject: Hashable, Comparable, Sendable, LosslessStringConvertible {
    case machine
    /// A lease that runs on this machine.
    case lease(LeaseID)

    package static func < (a: Self, b: Self) -> Bool {
        switch (a, b) {
        case (.machine, .lease): true
        case (.lease(let a), .lease(let b)): a < b
        case (_, .machine): false
        }
    }

    package var description: String {
        switch self {
        case .machine: "machine"
        case .lease(let id): id.description
        }
    }

    package init?(_ text: String) {
        if text == "machine" {
            self = .machine
        } else if let id = LeaseID(text) {
            self = .lease(id)
        } else {
            return nil
        }
    }
}

/// A row and whose it is.
package struct HistoryRow: Hashable, Sendable {
    package var subject: Subject
    package var rollUp: RollUp

    package init(_ subject: Subject, _ rollUp: RollUp) {
        self.subject = subject
        self.rollUp = rollUp
    }
}

/// What is to be written together: rows, and the intervals that are open beside them, so that after a crash measuring goes on
/// with exactly what the written rows do not contain.
package struct HistoryBatch: Hashable, Sendable {
    package var rows: [HistoryRow]
    package var open: [(subject: Subject, cascade: Cascade)]
    /// Those of which nothing more is measured: they have no open intervals.
    package var ended: [Subject]

    package init(rows: [HistoryRow] = [], open: [(subject: Subject, cascade: Cascade)] = [], ended: [Subject] = []) {
        self.rows = rows
        self.open = open
        self.ended = ended
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.rows == b.rows && a.ended == b.ended && a.open.elementsEqual(b.open, by: ==)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rows)
        hasher.combine(ended)
    }
}

/// Turns readings of the machine and its leases into rows of history. What it returns is to be written; until that was done
/// it keeps it.
package struct Chronicle: Sendable {
    private struct Track {
        var meter = SampleMeter()
        var cascade = Cascade()
        var lastSeen: Instant
    }

    /// Of whom nothing was read for this long nothing more is expected.
    package static let patience = Microseconds.minutes(5)
    /// How many rows wait for being written at most, as while the disk is full: then the oldest of the finest are given up.
    package static let mostWaiting = 20_000

    private var tracks = SortedMap<Subject, Track>()
    private var ended: [Subject] = []
    /// Rows that wait for being written, oldest first.
    package private(set) var waiting: [HistoryRow] = []
    /// Rows given up because too many waited, since the beginning.
    package private(set) var lost: Int64 = 0

    package init() {}

    /// Goes on with the intervals that were open when it was last written. Those of a subject that was measured meanwhile are ended
    /// instead.
    package mutating func restore(_ open: [(subject: Subject, cascade: Cascade)], at now: Instant) {
        for (subject, cascade) in open {
            var cascade = cascade
            if tracks[subject] == nil {
                tracks[subject] = Track(cascade: cascade, lastSeen: now)
            } else {
                add(cascade.close(), of: subject)
            }
        }
    }

    /// Takes a reading of a machine or lease, made at `now`.
    ///
    /// - Parameters:
    ///   - grain: see ``SampleMeter/sample(_:grain:)``.
    ///   - isIncident: a threshold is exceeded.
    package mutating func record(
        _ reading: Reading, of subject: Subject, at now: Moment, grain: Microseconds, isIncident: Bool
    ) {
        var track = tracks[subject] ?? Track(lastSeen: now.instant)
        track.lastSeen = now.instant
        if let sample = track.meter.sample(reading, grain: grain) {
            add(track.cascade.add(sample, at: now.utc, isIncident: isIncident), of: subject)
        }
        tracks[subject] = track
    }

    /// Takes who had the machine's capacity up to `now`: the part of each lease into the same second as the whole, so that the
    /// parts in rows of one interval come to the whole.
    package mutating func record(_ shares: CapacityShares, at now: Moment, isIncident: Bool) {
        add(RollUp(at: now.utc, isIncident: isIncident, split: shares.machine), of: .machine, at: now.instant)
        for (lease, share) in shares.leases.pairs {
            add(RollUp(at: now.utc, isIncident: isIncident, share: share), of: .lease(lease), at: now.instant)
        }
    }

    private mutating func add(_ second: RollUp, of subject: Subject, at now: Instant) {
        var track = tracks[subject] ?? Track(lastSeen: now)
        track.lastSeen = now
        add(track.cascade.add(second), of: subject)
        tracks[subject] = track
    }

    /// Ends the history of those that were not read for ``patience``.
    package mutating func retire(at now: Instant) {
        for (subject, track) in tracks.pairs where now - track.lastSeen > Self.patience {
            var cascade = track.cascade
            add(cascade.close(), of: subject)
            tracks[subject] = nil
            ended.append(subject)
        }
    }

    private mutating func add(_ rows: [RollUp], of subject: Subject) {
        waiting += rows.map { HistoryRow(subject, $0) }
        guard waiting.count > Self.mostWaiting else { return }
        let finest = waiting.map(\.rollUp.resolution).min()
        var surplus = waiting.count - Self.mostWaiting * 9 / 10
        let before = waiting.count
        waiting.removeAll { row in
            guard surplus > 0, row.rollUp.resolution == finest else { return false }
            surplus -= 1
            return true
        }
        lost += Int64(before - waiting.count)
    }

    // MARK: Writing

    /// What is to be written now.
    package var batch: HistoryBatch {
        let restarted = Set(tracks.keys)
        return HistoryBatch(
            rows: waiting, open: tracks.pairs.map { ($0, $1.cascade) }, ended: ended.filter { !restarted.contains($0) })
    }

    /// Forgets what of `batch`, the last that was asked for, was written.
    package mutating func wrote(_ batch: HistoryBatch) {
        waiting.removeFirst(min(batch.rows.count, waiting.count))
        ended.removeAll(where: batch.ended.contains)
    }

    // MARK: Looking

    /// What is not written yet of a subject, as rows of a resolution: those that wait, and the open intervals.
    package func unwritten(_ resolution: Resolution, of subject: Subject) -> [RollUp] {
        waiting.filter { $0.subject == subject && $0.rollUp.resolution == resolution }.map(\.rollUp)
            + (tracks[subject]?.cascade.current(resolution) ?? [])
    }

    /// Those of whom something is not written yet, in order.
    package var known: [Subject] { Set(waiting.map(\.subject)).union(tracks.keys).sorted() }

    /// Whom it measures now.
    package var subjects: [Subject] { tracks.keys }
}
