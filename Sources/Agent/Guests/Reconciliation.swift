import Node
import Resources
import Sandbox

/// What the warden is to be told so that the kernel holds what was lent.
enum Reconciliation {
    /// By how much the ends of a lease may differ here and there.
    private static let tolerance = Microseconds.seconds(1)

    /// - Parameters:
    ///   - entries: lent leases.
    ///   - held: what the warden has.
    /// - Returns: first what is to be there, then what is not.
    static func orders(
        for entries: [LeaseEntry], held: [LeaseState], at now: Moment
    ) -> [GuestKeeper.Order] {
        let known = Dictionary(held.map { ($0.lease, $0) }, uniquingKeysWith: { first, _ in first })
        let open = Set(entries.filter { $0.lease.isOpen }.map(\.id))
        return entries.compactMap { order(for: $0, held: known[$0.id], at: now) }
            + known.keys.sorted().filter { !open.contains($0) }.map { .close($0) }
    }

    private static func order(
        for entry: LeaseEntry, held: LeaseState?, at now: Moment
    ) -> GuestKeeper.Order? {
        guard entry.lease.isOpen, entry.hasBegun else { return nil }
        let remaining = entry.lease.ends.remaining(at: now)
        // A warden may have opened it and died before it could say so.
        guard let held, !entry.isBeingOpened else { return .open(entry.id, entry.lease.amounts, remaining: remaining) }
        let isOff = remaining - held.remaining > tolerance || held.remaining - remaining > tolerance
        guard isOff || held.amounts != entry.lease.amounts else { return nil }
        return .change(entry.id, entry.lease.amounts, remaining: remaining)
    }
}
