import Reclaim
import Resources

extension WardenPolicy: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(capacity)
        writer.write(threshold)
        switch owner {
        case .everything: writer.write("")
        case .group(let path): writer.write(path)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        capacity = try reader.value()
        threshold = try reader.value()
        let path = try reader.string(atMost: 4096)
        owner = path.isEmpty ? .everything : .group(path)
        guard path.isEmpty || path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            throw .init(description: "the owner's control group '\(path)' is no absolute path without '..'")
        }
    }
}

extension Rung: Canonical {
    package func write(to writer: inout CanonicalWriter) { writer.write(Int64(rawValue)) }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        let number = try reader.number(in: 0...9)
        guard let rung = Rung(rawValue: number) else { throw .init(description: "an unknown rung \(number)") }
        self = rung
    }
}

extension LeaseMeter: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(measured)
        writer.write(billable)
        writer.write(throttled)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        measured = try reader.value()
        billable = try reader.value()
        throttled = try reader.quantity(atMost: Microseconds(.max))
    }
}

extension LeaseState: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(lease)
        writer.write(amounts)
        writer.write(floor)
        writer.write(remaining)
        writer.write(ceiling)
        writer.write(rung)
        writer.write(using)
        writer.write(meter)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        lease = try reader.identifier()
        amounts = try reader.value()
        floor = try reader.value()
        remaining = try reader.quantity()
        ceiling = try reader.quantity(atMost: Bounds.cpu)
        rung = try reader.value()
        using = try reader.value()
        meter = try reader.value()
    }
}

extension JobState: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(job)
        writer.write(lease)
        switch stage {
        case .prepared: writer.write("prepared")
        case .running: writer.write("running")
        case .lost: writer.write("lost")
        case .exited(let record):
            writer.write("exited")
            writer.write(record)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        job = try reader.identifier()
        lease = try reader.identifier()
        switch try reader.string(atMost: 16) {
        case "prepared": stage = .prepared
        case "running": stage = .running
        case "lost": stage = .lost
        case "exited": stage = .exited(try reader.value())
        case let other: throw .init(description: "a job that is '\(other)'")
        }
    }
}

extension WardenInventory: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(leases)
        writer.write(jobs)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        leases = try reader.list(atMost: WardenLimits.leases)
        jobs = try reader.list(atMost: WardenLimits.jobs)
    }
}

extension WardenReadings: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(owner)
        writer.write(guests)
        writer.write(memoryShort)
        writer.write(leases)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        owner = try reader.value()
        guests = try reader.value()
        memoryShort = try reader.quantity(atMost: Bounds.memory)
        leases = try reader.list(atMost: WardenLimits.leases)
    }
}

/// How much one warden takes on; beyond this it refuses.
package enum WardenLimits {
    package static let leases = 1024
    /// Jobs whose files are there, running or not.
    package static let jobs = 4096
}
