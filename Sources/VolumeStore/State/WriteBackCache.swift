/// Rows of a table as they are to be, of which those that were changed are still to be written.
///
/// What is changed many times in a transaction, such as a directory in which files are made, is written once.
struct WriteBackCache<Key: Hashable & Comparable, Value> {
    struct Entry {
        /// `nil` where there is no row.
        var value: Value?
        /// What stands in the table, as far as that is known.
        var stored: Value?
        var isChanged = false
    }

    /// So many rows are kept; beyond that all are dropped, after they were written, and read again.
    let limit: Int
    private var entries: [Key: Entry] = [:]
    private var changed: [Key] = []

    init(limit: Int) { self.limit = limit }

    var isFull: Bool { entries.count >= limit }
    var isChanged: Bool { !changed.isEmpty }

    /// - Returns: `nil` when nothing is known of it.
    subscript(key: Key) -> Value?? { entries[key].map(\.value) }

    /// Takes note of what stands in the table.
    mutating func note(_ value: Value?, for key: Key) { entries[key] = Entry(value: value, stored: value) }

    mutating func set(_ value: Value?, for key: Key) {
        var entry = entries[key] ?? Entry()
        entry.value = value
        if !entry.isChanged { changed.append(key) }
        entry.isChanged = true
        entries[key] = entry
    }

    /// What is to be written, in the order of the keys; it counts as written then.
    mutating func takeChanges() -> [(key: Key, value: Value?, stored: Value?)] {
        defer { changed = [] }
        return changed.sorted().compactMap { key in
            guard let entry = entries[key] else { return nil }
            entries[key] = Entry(value: entry.value, stored: entry.value)
            return (key, entry.value, entry.stored)
        }
    }

    /// - Precondition: nothing is to be written.
    mutating func drop() {
        precondition(changed.isEmpty, "what was changed is written before it is dropped")
        entries.removeAll(keepingCapacity: true)
    }
}
