import Reclaim
import Resources

extension WardenHello: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(Int64(version))
        writer.write(release)
        writer.write(instance)
        writer.write(enforcement)
        writer.write(sandboxFault)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        version = try reader.number(in: 0...Int(UInt16.max))
        release = try reader.string(atMost: 128)
        instance = try reader.string(atMost: 128)
        enforcement = try reader.string(atMost: 4096)
        sandboxFault = try reader.optional()
    }
}

extension WardenFault: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(kind.rawValue)
        writer.write(description)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        let name = try reader.string(atMost: 32)
        guard let kind = Kind(rawValue: name) else { throw .init(description: "an unknown fault '\(name)'") }
        self.kind = kind
        description = try reader.string(atMost: 8192)
    }
}

extension WardenReply: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        switch self {
        case .hello(let hello): writer.write("hello", hello)
        case .done: writer.write("done")
        case .closed(let meter):
            writer.write("closed")
            writer.write(meter)
        case .place(let path): writer.write("place", path)
        case .job(let state): writer.write("job", state)
        case .inventory(let inventory): writer.write("inventory", inventory)
        case .readings(let readings): writer.write("readings", readings)
        case .measurements(let measurements):
            writer.write("measurements")
            writer.write(measurements)
        case .moves(let moves):
            writer.write("moves")
            writer.write(moves)
        case .failed(let fault): writer.write("failed", fault)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        switch try reader.string(atMost: 32) {
        case "hello": self = .hello(try reader.value())
        case "done": self = .done
        case "closed": self = .closed(try reader.optional())
        case "place": self = .place(try reader.string(atMost: 4096))
        case "job": self = .job(try reader.value())
        case "inventory": self = .inventory(try reader.value())
        case "readings": self = .readings(try reader.value())
        case "measurements": self = .measurements(try reader.list(atMost: WardenLimits.leases))
        case "moves": self = .moves(try reader.list(atMost: WardenLimits.moves))
        case "failed": self = .failed(try reader.value())
        case let other: throw .init(description: "an unknown reply '\(other)'")
        }
    }
}

extension WardenNotice: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        switch self {
        case .moved(let move): writer.write("moved", move)
        case .takingBack(let lease, let taking):
            writer.write("taking back", lease)
            writer.write(taking)
        case .jobEnded(let state): writer.write("job ended", state)
        case .leaseEnded(let lease, let meter):
            writer.write("lease ended", lease)
            writer.write(meter)
        case .memoryShort(let excess):
            writer.write("memory short")
            writer.write(excess)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        switch try reader.string(atMost: 32) {
        case "moved": self = .moved(try reader.value())
        case "taking back": self = .takingBack(try reader.identifier(), try reader.value())
        case "job ended": self = .jobEnded(try reader.value())
        case "lease ended": self = .leaseEnded(try reader.identifier(), try reader.value())
        case "memory short": self = .memoryShort(try reader.quantity(atMost: Bounds.memory))
        case let other: throw .init(description: "an unknown notice '\(other)'")
        }
    }
}

extension Move: Canonical {
    /// Version 1 has nothing but the step.
    package func write(to writer: inout CanonicalWriter) {
        writer.write(change)
        guard writer.version >= 2 else { return }
        writer.write(at)
        writer.write(isDryRun)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        change = try reader.value()
        at = reader.version >= 2 ? try reader.timestamp() : Timestamp(microseconds: 0)
        isDryRun = reader.version >= 2 ? try reader.bool() : false
    }
}

extension RungChange: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(lease)
        writer.write(from)
        writer.write(to)
        writer.write(reason)
        writer.write(evidence.owner)
        writer.write(evidence.guests)
        writer.write(evidence.threshold)
        writer.write(evidence.before)
        writer.write(evidence.after)
        guard writer.version >= 2 else { return }
        writer.write(resource.rawValue)
        writer.write(evidence.pressure)
        guard writer.version >= 5 else { return }
        writer.write(evidence.tolerance)
        writer.write(evidence.diskRate)
        writer.write(evidence.available)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self.init(
            lease: try reader.identifier(), from: try reader.value(), to: try reader.value(), resource: .cpu,
            reason: try reader.string(atMost: 4096),
            evidence: Evidence(
                owner: try reader.value(), guests: try reader.value(), threshold: try reader.value(),
                before: try reader.quantity(atMost: Bounds.cpu), after: try reader.quantity(atMost: Bounds.cpu)))
        guard reader.version >= 2 else { return }
        let name = try reader.string(atMost: 16)
        guard let resource = Resource(rawValue: name) else { throw .init(description: "an unknown resource '\(name)'") }
        self.resource = resource
        evidence.pressure = try reader.value()
        guard reader.version >= 5 else { return }
        evidence.tolerance = try reader.value()
        evidence.diskRate = try reader.optionalQuantity(atMost: Bytes(.max))
        evidence.available = try reader.optionalQuantity(atMost: Bounds.memory)
    }
}
