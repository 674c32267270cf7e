import Resources

/// A transfer that was booked, as far as it must be remembered to answer a replay.
package struct RememberedTransfer: Hashable, Sendable {
    /// What became of a reservation.
    package enum Fate: String, Hashable, Sendable {
        /// It is open, or the transfer is no reservation.
        case none
        case void
        case expire
    }

    package let id: TransferID
    package let fingerprint: UInt64
    package var fate: Fate

    package init(id: TransferID, fingerprint: UInt64, fate: Fate = .none) {
        self.id = id
        self.fingerprint = fingerprint
        self.fate = fate
    }
}

/// The youngest transfers by id, up to a fixed number, in one sorted array: 32 bytes each, and since ids are ordered by
/// time, a new one is nearly always appended.
///
/// The array may grow a quarter beyond the window before its oldest part is cut off, so that cutting costs little; what
/// lies before the window counts as forgotten either way.
struct TransferMemory: Sendable {
    private let capacity: Int
    private var entries: [RememberedTransfer]
    private var dropped: TransferID?

    /// - Parameters:
    ///   - entries: what to remember, ordered by id.
    ///   - horizon: the youngest id already forgotten.
    init(_ entries: [RememberedTransfer] = [], horizon: TransferID? = nil, capacity: Int) {
        precondition(capacity > 0, "a memory of \(capacity) transfers")
        self.entries = entries
        self.dropped = horizon
        self.capacity = capacity
    }

    private var start: Int { max(0, entries.count - capacity) }

    /// Ids up to and including this one are forgotten: nobody can say whether they were used.
    var horizon: TransferID? { start > 0 ? entries[start - 1].id : dropped }

    /// What is remembered, ordered by id.
    var window: ArraySlice<RememberedTransfer> { entries[start...] }

    func find(_ id: TransferID) -> RememberedTransfer? {
        let index = position(of: id)
        return index >= start && index < entries.count && entries[index].id == id ? entries[index] : nil
    }

    /// Remembers a transfer for which `find(_:)` gives `nil`. One at or before the horizon may be forgotten at once.
    mutating func insert(_ entry: RememberedTransfer) {
        entries.insert(entry, at: position(of: entry.id))
        guard start >= max(1, capacity / 4) else { return }
        dropped = horizon
        entries.removeFirst(start)
    }

    mutating func close(_ id: TransferID, _ fate: RememberedTransfer.Fate) {
        let index = position(of: id)
        guard index < entries.count, entries[index].id == id else { return }
        entries[index].fate = fate
    }

    /// The first place whose id is not below `id`.
    private func position(of id: TransferID) -> Int {
        guard let last = entries.last, last.id >= id else { return entries.count }
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
