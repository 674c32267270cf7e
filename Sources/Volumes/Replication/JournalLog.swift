import Resources

/// What a node knows of its own journal: what is in it, what of that is synced, and whom it has promised to follow.
package struct JournalLog: Hashable, Sendable {
    private struct Appointment: Hashable {
        let index: UInt64
        let membership: JournalMembership
    }

    package private(set) var outline: JournalOutline
    /// The highest epoch that was promised to any home; nothing of an older one is taken.
    package internal(set) var promised: UInt64
    /// Records up to this one are synced here.
    package internal(set) var synced: UInt64
    /// In order; the first is in force from the last record on that was trimmed, or before.
    private var appointments: [Appointment]

    /// An empty journal, or one that begins after a copy of the state.
    ///
    /// - Parameter membership: which was in force after that record.
    package init(after trimmed: LogPosition = .start, promised: UInt64 = 1, membership: JournalMembership) {
        outline = JournalOutline(after: trimmed)
        self.promised = max(promised, trimmed.epoch)
        synced = trimmed.index
        appointments = [Appointment(index: trimmed.index, membership: membership)]
    }

    /// The latest that is in the journal, durable or not.
    package var membership: JournalMembership { appointments[appointments.count - 1].membership }
    /// Of the record that says so.
    var membershipIndex: UInt64 { appointments[appointments.count - 1].index }
    package var end: LogPosition { outline.end }

    /// Takes note of a record that is written.
    package mutating func append(_ record: Record) {
        outline.append(record.position)
        if case .appoint(let membership) = record.operation {
            appointments.append(Appointment(index: record.index, membership: membership))
        }
    }

    /// The same, as it is when it was read from a disk: all of it is synced.
    package func found() -> Self {
        var found = self
        found.synced = end.index
        return found
    }

    mutating func truncate(after index: UInt64) {
        outline.truncate(after: index)
        synced = min(synced, index)
        appointments = [appointments[0]] + appointments.dropFirst().filter { $0.index <= index }
    }

    /// Takes note that records were dropped that the state has.
    package mutating func trim(through index: UInt64) {
        outline.trim(through: index)
        let first = appointments.lastIndex { $0.index <= outline.trimmed.index } ?? 0
        appointments.removeFirst(first)
    }

    mutating func restart(after position: LogPosition, _ membership: JournalMembership) {
        self = JournalLog(after: position, promised: promised, membership: membership)
        synced = 0
    }
}

extension Record {
    package var position: LogPosition { LogPosition(index: index, epoch: epoch) }
}
