import Resources
import Trading

// What becomes of deadlines when civil time is set.

extension Node {
    /// By how much civil time must differ from what the clock since boot makes of it to have been set: more than it drifts, or is
    /// slewed by, between two events.
    private static let leastStep = Microseconds.seconds(1)

    /// Deadlines are kept by the clock since boot, and by civil time for after a reboot: when civil time is set, the second is put
    /// right, or a reboot would move them by as much.
    mutating func keepClocks(_ step: inout Step) {
        let expected = clock.utc + (step.now.instant - clock.instant)
        clock = step.now
        let ahead = step.now.utc - expected
        guard ahead > Self.leastStep || -ahead > Self.leastStep else { return }
        for id in leases.unsettled.keys {
            guard var entry = leases[id] else { continue }
            entry.anchor(at: step.now)
            keep(entry, &step)
        }
        anchorNettings(&step)
        anchorReconciliations(at: step.now)
        // What was offered for a time to come is another time now.
        for (id, hold) in holds.pairs where hold.terms.start != nil {
            holds[id] = nil
            step.forget(.hold, id)
        }
        let distance = ahead > .zero ? "ahead by \(ahead.shortText)" : "back by \((-ahead).shortText)"
        step.tell("clock.set", [], "civil time was set \(distance); leases keep their ends")
    }
}

extension LeaseEntry {
    /// Expresses its deadlines by the clocks as they stand now.
    mutating func anchor(at now: Moment) {
        lease.anchor(at: now)
        retry?.anchor(at: now)
        receiptDue = receiptDue?.anchored(at: now)
        forget = forget?.anchored(at: now)
    }

    func anchored(at now: Moment) -> LeaseEntry {
        var entry = self
        entry.anchor(at: now)
        return entry
    }
}
