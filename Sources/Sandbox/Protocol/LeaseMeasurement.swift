import Kernel
import Resources

/// The counters of one lease at one instant, each since the lease was opened or its group was made anew. What is `nil` the kernel
/// does not measure for groups.
package struct LeaseMeasurement: Hashable, Sendable {
    package var lease: LeaseID
    /// When they were read, on the boot's clock.
    package var at: Instant
    package var cpu: CoreMicroseconds
    /// Held then.
    package var memory: Bytes
    package var activity: GroupActivity

    package init(lease: LeaseID, at: Instant, cpu: CoreMicroseconds, memory: Bytes, activity: GroupActivity) {
        self.lease = lease
        self.at = at
        self.cpu = cpu
        self.memory = memory
        self.activity = activity
    }
}

extension LeaseMeasurement: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(lease)
        writer.write(at.microseconds)
        writer.write(cpu)
        writer.write(memory)
        writer.write(figure: activity.diskRead)
        writer.write(figure: activity.diskWritten)
        for pressure in [activity.cpuPressure, activity.memoryPressure, activity.ioPressure] {
            writer.write(figure: pressure.some)
            writer.write(figure: pressure.full)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        lease = try reader.identifier()
        at = Instant(microseconds: try reader.quantity(atMost: Microseconds(.max)).rawValue)
        cpu = try reader.quantity(atMost: CoreMicroseconds(.max))
        memory = try reader.quantity(atMost: Bounds.memory)
        activity = GroupActivity()
        activity.diskRead = try reader.figure()
        activity.diskWritten = try reader.figure()
        activity.cpuPressure = PressureTotals(some: try reader.figure(), full: try reader.figure())
        activity.memoryPressure = PressureTotals(some: try reader.figure(), full: try reader.figure())
        activity.ioPressure = PressureTotals(some: try reader.figure(), full: try reader.figure())
    }
}

extension CanonicalWriter {
    /// A counter that may be missing.
    fileprivate mutating func write(figure: (some Quantity)?) {
        write(figure != nil)
        if let figure { write(figure) }
    }
}

extension CanonicalReader {
    fileprivate mutating func figure<Q: Quantity>() throws(Malformed) -> Q? {
        try bool() ? try quantity(atMost: Q(.max)) : nil
    }
}
