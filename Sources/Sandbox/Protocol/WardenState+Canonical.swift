import Reclaim
import Resources

extension WardenPolicy: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(capacity)
        writer.write(thresholds.standard)
        switch owner {
        case .everything: writer.write("")
        case .group(let path): writer.write(path)
        }
        if writer.version >= 2 { writer.write(thresholds.periods) }
        guard writer.version >= 5 else { return }
        writer.write(thresholds.pressure)
        writer.write(reserve)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        capacity = try reader.value()
        thresholds = Thresholds(try reader.value())
        reserve = Enforcer.Configuration.usualReserve.of(capacity.memory)
        let path = try reader.string(atMost: 4096)
        owner = path.isEmpty ? .everything : .group(path)
        guard path.isEmpty || path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
            throw .init(description: "the owner's control group '\(path)' is no absolute path without '..'")
        }
        if reader.version >= 2 { thresholds.periods = try reader.list(atMost: WardenLimits.periods) }
        guard reader.version >= 5 else { return }
        thresholds.pressure = try reader.value()
        reserve = try reader.quantity(atMost: Bounds.memory)
    }
}

extension Thresholds.Period: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(Int64(from))
        writer.write(Int64(until))
        writer.write(cpu)
        writer.write(memory)
        if writer.version >= 5 { writer.write(pressure) }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        let minutes = 0...Thresholds.minutesOfWeek
        self.init(
            from: try reader.number(in: minutes), until: try reader.number(in: minutes),
            cpu: try reader.optionalQuantity(atMost: Bounds.cpu), memory: try reader.optionalQuantity(atMost: Bounds.memory),
            pressure: reader.version >= 5 ? try reader.value() : .unknown)
    }
}

extension Rung: Canonical {
    /// Who knows only the lower rungs is told the highest of them.
    package func write(to writer: inout CanonicalWriter) {
        writer.write(Int64((writer.version >= 2 ? self : min(self, .throttled)).rawValue))
    }

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
        if writer.version >= 2 { writer.write(taking) }
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
        taking = reader.version >= 2 ? try reader.optional() : nil
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
        if writer.version >= 2 { writer.write(enforcer) }
        if writer.version >= 3 { writer.write(disk) }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        owner = try reader.value()
        guests = try reader.value()
        memoryShort = try reader.quantity(atMost: Bounds.memory)
        leases = try reader.list(atMost: WardenLimits.leases)
        enforcer = reader.version >= 2 ? try reader.optional() : nil
        disk = reader.version >= 3 ? try reader.optional() : nil
    }
}

extension TakingBack: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(atOnce)
        writer.write(reason)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        atOnce = try reader.bool()
        reason = try reader.string(atMost: 4096)
    }
}

extension Pressure: Canonical where Value == BasisPoints? {
    package func write(to writer: inout CanonicalWriter) {
        for resource in Resource.allCases { writer.write(self[resource]) }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self = .unknown
        for resource in Resource.allCases { self[resource] = try reader.optionalQuantity(atMost: BasisPoints.whole) }
    }
}

extension EnforcerState: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(threshold)
        writer.write(pressure)
        writer.write(available)
        writer.write(coolDown)
        writer.write(isDryRun)
        guard writer.version >= 5 else { return }
        writer.write(tolerance)
        writer.write(reserve)
        writer.write(diskRate)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        threshold = try reader.value()
        pressure = try reader.value()
        available = try reader.optionalQuantity(atMost: Bounds.memory)
        coolDown = try reader.quantity(atMost: Bounds.term)
        isDryRun = try reader.bool()
        guard reader.version >= 5 else { return }
        tolerance = try reader.value()
        reserve = try reader.optionalQuantity(atMost: Bounds.memory)
        diskRate = try reader.optionalQuantity(atMost: Bytes(.max))
    }
}

/// How much one warden takes on; beyond this it refuses.
package enum WardenLimits {
    package static let leases = 1024
    /// Jobs whose files are there, running or not.
    package static let jobs = 4096
    /// Parts of the week with bounds of their own.
    package static let periods = 256
    /// Steps on the ladder that are remembered.
    package static let moves = 256
}
