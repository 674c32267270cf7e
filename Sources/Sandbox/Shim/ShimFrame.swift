import Resources

/// What a client tells a job's shim.
package enum ShimRequest: Hashable, Sendable {
    /// Bytes of the program's standard input and their position in the whole of it. What the shim has already is skipped, so a
    /// chunk may be sent again; a chunk beyond what it has is an error.
    case input(at: Int64, [UInt8])
    /// No input follows the given position.
    case inputEnd(at: Int64)
    /// Sends a signal to the program and all of its process group.
    case signal(Int32)
    /// Kills the program and everything it started; the reason goes into its exit record.
    case stop(reason: String)
}

/// What a job's shim tells each of its clients: all of it on attaching, then what changes.
package enum ShimEvent: Hashable, Sendable {
    /// So much of the input the shim has taken, and up to this position it has room for more: input beyond that is an error.
    case accepted(Int64, limit: Int64)
    /// So much output is in the files.
    case output(OutputSizes)
    /// The program has ended. Nothing follows.
    case exited(ExitRecord)
}

/// The frames on a shim's socket.
package enum ShimProtocol {
    /// A chunk of 256 KiB and its position fit.
    package static let largestFrame = 260 << 10
    package static let largestChunk = 256 << 10
    static let version: UInt16 = 1
}

extension ShimRequest {
    private static let kind = "surplus.shim.request"

    package var bytes: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind, version: ShimProtocol.version)
        switch self {
        case .input(let position, let bytes):
            writer.write("input")
            writer.write(position)
            writer.write(bytes)
        case .inputEnd(let position):
            writer.write("end")
            writer.write(position)
        case .signal(let number):
            writer.write("signal")
            writer.write(Int64(number))
        case .stop(let reason):
            writer.write("stop")
            writer.write(reason)
        }
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(bytes, kind: Self.kind, version: ShimProtocol.version)
        switch try reader.string(atMost: 16) {
        case "input":
            self = .input(
                at: Int64(try reader.number(in: 0...Int(Bounds.memory.rawValue))),
                try reader.data(atMost: ShimProtocol.largestChunk))
        case "end": self = .inputEnd(at: Int64(try reader.number(in: 0...Int(Bounds.memory.rawValue))))
        case "signal": self = .signal(Int32(try reader.number(in: 1...64)))
        case "stop": self = .stop(reason: try reader.string(atMost: 1024))
        case let other: throw .init(description: "an unknown request '\(other)'")
        }
        try reader.finish()
    }
}

extension ShimEvent {
    private static let kind = "surplus.shim.event"

    package var bytes: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind, version: ShimProtocol.version)
        switch self {
        case .accepted(let position, let limit):
            writer.write("accepted")
            writer.write(position)
            writer.write(limit)
        case .output(let sizes): writer.write("output", sizes)
        case .exited(let record): writer.write("exited", record)
        }
        return writer.bytes
    }

    package init(bytes: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(bytes, kind: Self.kind, version: ShimProtocol.version)
        switch try reader.string(atMost: 16) {
        case "accepted":
            let positions = 0...Int(Bounds.memory.rawValue)
            self = .accepted(Int64(try reader.number(in: positions)), limit: Int64(try reader.number(in: positions)))
        case "output": self = .output(try reader.value())
        case "exited": self = .exited(try reader.value())
        case let other: throw .init(description: "an unknown event '\(other)'")
        }
        try reader.finish()
    }
}
