import Kernel
import Resources
import Sandbox

/// The counters of the leases that run here as others may read them: those of the first so many by their ids, and what all the
/// rest used as one, so that their number stays bounded. Like any counter the latter only grows.
struct LeaseCounters: Sendable {
    /// How many leases have counters of their own at one time.
    static let mostNamed = 64

    /// What leases without counters of their own used since the agent was started.
    struct Totals: Hashable, Sendable {
        var cpu = CoreMicroseconds.zero
        var diskRead = Bytes.zero
        var diskWritten = Bytes.zero
        /// Held now.
        var memory = Bytes.zero
    }

    private(set) var named = SortedMap<LeaseID, LeaseMeasurement>()
    private(set) var others = Totals()
    /// Whether there were ever more than have counters of their own.
    private(set) var hasOthers = false
    private var unnamed = SortedMap<LeaseID, LeaseMeasurement>()

    mutating func update(_ measurements: [LeaseMeasurement]) {
        let former = unnamed
        let formerlyNamed = named
        named = SortedMap()
        unnamed = SortedMap()
        others.memory = .zero
        let known = Set(measurements.map(\.lease)).intersection(formerlyNamed.keys)
        for lease in measurements {
            // one that has counters of its own keeps them
            let isNamed = known.contains(lease.lease) || former[lease.lease] == nil && hasRoom(keeping: known)
            if isNamed {
                named[lease.lease] = lease
            } else {
                add(lease, after: former[lease.lease])
                unnamed[lease.lease] = lease
            }
        }
        hasOthers = hasOthers || !unnamed.isEmpty
    }

    private func hasRoom(keeping known: Set<LeaseID>) -> Bool {
        known.count + named.keys.count { !known.contains($0) } < Self.mostNamed
    }

    private mutating func add(_ lease: LeaseMeasurement, after last: LeaseMeasurement?) {
        func growth<Q: Quantity>(_ counter: (LeaseMeasurement) -> Q?) -> Q {
            let now = counter(lease) ?? .zero
            let before = last.flatMap(counter) ?? .zero
            return now < before ? now : now - before
        }
        others.cpu += growth(\.cpu)
        others.diskRead += growth(\.activity.diskRead)
        others.diskWritten += growth(\.activity.diskWritten)
        others.memory += lease.memory
    }
}
