import Kernel
import Resources
import Sandbox

/// Counters for the history that agents keep.
extension LeaseKeeper {
    /// They are not read again sooner than this, however often an agent asks.
    private static let shortestInterval = Microseconds.milliseconds(50)

    /// The counters of all leases that are not being ended, read now or a moment ago.
    func measurements(at now: Instant) -> [LeaseMeasurement] {
        if let last = measured, now - last.at < Self.shortestInterval { return last.measurements }
        var measurements: [LeaseMeasurement] = []
        for lease in leases.keys.sorted() where isOpen(lease) {
            let group = group(of: lease)
            // one whose group somebody has removed is logged and mended by the next tick
            guard let usage = try? groups.usage(of: group) else { continue }
            measurements.append(
                LeaseMeasurement(
                    lease: lease, at: now, cpu: usage.cpu, memory: usage.memory, activity: groups.activity(of: group)))
        }
        measured = (now, measurements)
        return measurements
    }
}
