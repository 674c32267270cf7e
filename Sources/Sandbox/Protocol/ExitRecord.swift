import Resources

/// How a program ended.
package enum ExitReason: Hashable, Sendable {
    /// It ended by itself with this status, 0 to 255.
    case exited(Int32)
    /// A signal ended it. Within a sandbox a status of 128 + n is reported as this, as shells do it.
    case signalled(Int32)
    /// It never ran: it does not exist in the sandbox (127) or cannot be executed (126).
    case notStarted(status: Int32, reason: String)
    /// The sandbox could not be made; nothing ran and the program is not to blame.
    case sandboxFailed(reason: String)
    /// The shim stopped it, for this reason.
    case stopped(reason: String)
    /// It did not end by itself, and could run again: the machine, not the program, was the reason.
    case interrupted(reason: String)
}

/// What is known of a job once its program has ended. Written by the shim, once, whatever else is alive.
package struct ExitRecord: Hashable, Sendable {
    package var reason: ExitReason
    /// Processing that the program and its waited-for children used, as the kernel told the shim: plausible, not billed.
    package var cpu: CoreMicroseconds
    /// The largest memory of any one of its processes.
    package var peakMemory: Bytes
    package var started: Timestamp
    package var finished: Timestamp
    /// The final size of each output.
    package var output: OutputSizes

    package init(
        reason: ExitReason, cpu: CoreMicroseconds, peakMemory: Bytes, started: Timestamp, finished: Timestamp,
        output: OutputSizes
    ) {
        self.reason = reason
        self.cpu = cpu
        self.peakMemory = peakMemory
        self.started = started
        self.finished = finished
        self.output = output
    }
}

/// How much a program has written so far.
package struct OutputSizes: Hashable, Sendable {
    package var stdout: Bytes
    package var stderr: Bytes
    package init(stdout: Bytes = .zero, stderr: Bytes = .zero) {
        self.stdout = stdout
        self.stderr = stderr
    }
}

extension OutputSizes: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(stdout)
        writer.write(stderr)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self.init(stdout: try reader.quantity(atMost: Bounds.memory), stderr: try reader.quantity(atMost: Bounds.memory))
    }
}

extension ExitReason: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        switch self {
        case .exited(let status):
            writer.write("exited")
            writer.write(Int64(status))
        case .signalled(let number):
            writer.write("signalled")
            writer.write(Int64(number))
        case .notStarted(let status, let reason):
            writer.write("not started")
            writer.write(Int64(status))
            writer.write(reason)
        case .sandboxFailed(let reason):
            writer.write("sandbox failed")
            writer.write(reason)
        case .stopped(let reason):
            writer.write("stopped")
            writer.write(reason)
        case .interrupted(let reason):
            writer.write("interrupted")
            writer.write(reason)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        switch try reader.string(atMost: 32) {
        case "exited": self = .exited(Int32(try reader.number(in: 0...255)))
        case "signalled": self = .signalled(Int32(try reader.number(in: 1...64)))
        case "not started":
            self = .notStarted(status: Int32(try reader.number(in: 126...127)), reason: try reader.string(atMost: 4096))
        case "sandbox failed": self = .sandboxFailed(reason: try reader.string(atMost: 4096))
        case "stopped": self = .stopped(reason: try reader.string(atMost: 4096))
        case "interrupted": self = .interrupted(reason: try reader.string(atMost: 4096))
        case let other: throw .init(description: "an unknown end '\(other)'")
        }
    }
}

extension ExitRecord: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(reason)
        writer.write(cpu)
        writer.write(peakMemory)
        writer.write(started)
        writer.write(finished)
        writer.write(output)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        reason = try reader.value()
        cpu = try reader.quantity(atMost: CoreMicroseconds(.max))
        peakMemory = try reader.quantity(atMost: Bounds.memory)
        started = try reader.timestamp()
        finished = try reader.timestamp()
        output = try reader.value()
    }
}
