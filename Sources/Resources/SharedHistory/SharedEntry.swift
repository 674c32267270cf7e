/// What one cause (a receipt, a change to an obligation, a netting, what a swap left) has moved on the line between two nodes, in the form that both
/// come to alike: how each of them took it out of its reservations is its own affair.
///
/// All transfers of one cause are named after its id and share the upper half of it, the ``mark``. Causes that happen to share
/// theirs are one entry, on both sides. Entries are equal when they have moved the same for the same lease under the same mark:
/// which of the ids that share it a side has used depends on what else it has booked.
package struct SharedEntry: Hashable, Codable, Sendable {
    /// The first of its transfers, by id.
    package var transfer: TransferID
    package var lease: LeaseID?
    /// What the node of the greater id came to owe the other one; negative where it is the other way round.
    package var moved: Charge

    package init(transfer: TransferID, lease: LeaseID?, moved: Charge) {
        self.transfer = transfer
        self.lease = lease
        self.moved = moved
    }

    /// The place in the order of all entries.
    package var mark: UInt64 { transfer.high }

    package static func == (a: SharedEntry, b: SharedEntry) -> Bool {
        (a.mark, a.lease, a.moved) == (b.mark, b.lease, b.moved)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(mark)
        hasher.combine(lease)
        hasher.combine(moved)
    }

    func write(to writer: inout CanonicalWriter) {
        writer.write(mark)
        writer.write(lease != nil)
        if let lease { writer.write(lease) }
        writer.write(Charge(credits: moved.credits, inKind: Usage(cpu: moved.inKind.cpu, memory: moved.inKind.memory)))
        if writer.version > 1 { writer.write(moved.inKind.disk) }
    }
}

/// The order of shared entries, which is that of the ids of transfers: by the time at which they were made.
package enum HistoryMark {
    /// The last mark before the millisecond of a time: what has it or a lesser one is not being made any more.
    package static func before(_ time: Timestamp) -> UInt64 {
        let milliseconds = UInt64(max(1, time.microseconds / 1000)) & 0xffff_ffff_ffff
        return milliseconds << 16 - 1
    }

    /// The time that a mark stands for, to the millisecond.
    package static func time(_ mark: UInt64) -> Timestamp { Timestamp(microseconds: Int64(mark >> 16) * 1000) }
}

/// How many entries a stretch has and what they come to, so that it can be compared unseen.
package struct HistorySum: Hashable, Sendable {
    /// The last mark of the stretch; it begins where the one before ends.
    package var through: UInt64
    package var count: Int64
    package var digest: Digest

    package init(through: UInt64, count: Int64, digest: Digest) {
        self.through = through
        self.count = count
        self.digest = digest
    }
}

/// What differs first between two ledgers: the same entry with other figures, or one that only one side has.
package struct HistoryDifference: Hashable, Codable, Sendable {
    package var here: SharedEntry?
    package var there: SharedEntry?

    package init(here: SharedEntry?, there: SharedEntry?) {
        self.here = here
        self.there = there
    }

    /// As the other side sees it.
    package var reversed: HistoryDifference { HistoryDifference(here: there, there: here) }
    package var transfer: TransferID? { here?.transfer ?? there?.transfer }
    package var lease: LeaseID? { here?.lease ?? there?.lease }
    package var mark: UInt64? { transfer?.high }
}

// MARK: - Stretches

/// Entries in ascending order of their marks, no two of the same.
extension Array where Element == SharedEntry {
    /// Into how many stretches one is cut at once, and the most entries that are told in one message.
    package static var fanOut: Int { 16 }

    /// Those after a mark, up to another one.
    package func stretch(after: UInt64, through: UInt64) -> ArraySlice<SharedEntry> {
        let begin = firstPlace { $0.mark > after }
        return self[begin..<Swift.max(begin, firstPlace { $0.mark > through })]
    }

    /// Cuts a stretch into parts of about as many entries each, the last of which ends where it does.
    package func sums(after: UInt64, through: UInt64, by notary: any Notary) -> [HistorySum] {
        let all = stretch(after: after, through: through)
        let parts = Swift.max(1, Swift.min(Self.fanOut, all.count))
        return (0..<parts).map { part in
            let places = (all.startIndex + all.count * part / parts)..<(all.startIndex + all.count * (part + 1) / parts)
            let last = part == parts - 1 ? through : all[places.upperBound - 1].mark
            return HistorySum(through: last, count: Int64(places.count), digest: all[places].digest(by: notary.digest))
        }
    }

    /// By bisection: the first place at which a condition holds that holds for all that follow.
    private func firstPlace(where condition: (SharedEntry) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension ArraySlice where Element == SharedEntry {
    /// What all entries of the stretch, in order, come to. Version 2 of what is hashed has disk; it is used where some entry has moved
    /// any, so that others come to the same as ever, and as on an older node.
    package func digest(by digest: ([UInt8]) -> Digest) -> Digest {
        let hasDisk = contains { $0.moved.inKind.disk != .zero }
        var writer = CanonicalWriter(kind: "surplus.history", version: hasDisk ? 2 : 1)
        writer.write(UInt64(count))
        for entry in self { entry.write(to: &writer) }
        return digest(writer.bytes)
    }

    /// The first entry in which two stretches differ; `nil` when they are the same.
    package func firstDifference(from other: ArraySlice<SharedEntry>) -> HistoryDifference? {
        var theirs = other
        for here in self {
            guard let there = theirs.first else { return HistoryDifference(here: here, there: nil) }
            if here == there {
                theirs.removeFirst()
            } else if here.mark == there.mark {
                return HistoryDifference(here: here, there: there)
            } else {
                return here.mark < there.mark
                    ? HistoryDifference(here: here, there: nil) : HistoryDifference(here: nil, there: there)
            }
        }
        return theirs.first.map { HistoryDifference(here: nil, there: $0) }
    }
}
