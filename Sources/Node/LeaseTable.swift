import Resources

/// The leases of a node, apart by whether something is still to be done about them: what runs with every event looks at those
/// only, however many were settled of late.
package struct LeaseTable: Sendable {
    /// When a settled lease may be forgotten.
    private struct Due: Hashable, Comparable, Sendable {
        let at: Timestamp
        let lease: LeaseID

        static func < (a: Due, b: Due) -> Bool { (a.at, a.lease) < (b.at, b.lease) }
    }

    /// Open leases, and closed ones that are not settled.
    package private(set) var unsettled = SortedMap<LeaseID, LeaseEntry>()
    /// Those that only answer late messages.
    private var settled = SortedMap<LeaseID, LeaseEntry>()
    private var forgetting = SortedMap<Due, LeaseID>()
    /// Those of them whose disk is not free again: however long that takes, their money is settled as that of others.
    package private(set) var draining = SortedMap<LeaseID, LeaseEntry>()

    init(_ entries: [LeaseEntry]) {
        for entry in entries { self[entry.id] = entry }
    }

    package subscript(id: LeaseID) -> LeaseEntry? {
        get { unsettled[id] ?? settled[id] }
        set {
            if let old = settled.removeValue(forKey: id), let due = Self.due(old) { forgetting[due] = nil }
            draining[id] = nil
            guard let entry = newValue, entry.lease.state == .settled else {
                unsettled[id] = newValue
                return
            }
            unsettled[id] = nil
            settled[id] = entry
            if entry.isDraining { draining[id] = entry }
            if let due = Self.due(entry) { forgetting[due] = id }
        }
    }

    /// Those that take something of what the node may lend, in their time.
    var taking: [LeaseEntry] { unsettled.values.filter(\.holdsCapacity) + draining.values }

    /// Whether a lease takes something of what the node lends.
    package func takes(_ id: LeaseID) -> Bool { self[id]?.holdsCapacity ?? false }

    /// The settled lease that may be forgotten first.
    var nextToForget: LeaseEntry? { forgetting.values.first.flatMap { settled[$0] } }

    private static func due(_ entry: LeaseEntry) -> Due? { entry.forget.map { Due(at: $0.utc, lease: entry.id) } }

    // MARK: All of them

    package var count: Int { unsettled.count + settled.count }
    package var isEmpty: Bool { unsettled.isEmpty && settled.isEmpty }
    /// In ascending order of their ids, as all that follows.
    package var values: [LeaseEntry] { (unsettled.values + settled.values).sorted { $0.id < $1.id } }
    package var keys: [LeaseID] { (unsettled.keys + settled.keys).sorted() }
    package var pairs: [(LeaseID, LeaseEntry)] { values.map { ($0.id, $0) } }
}
