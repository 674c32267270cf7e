import Resources

extension LockPlace {
    func write(into writer: inout MessageWriter) {
        writer.write(inode)
        writer.write(kind)
        writer.write(owner)
        writer.write(range.lowerBound)
        writer.write(range.upperBound)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let (inode, kind, owner) = (try reader.inodeNumber(), try reader.choice(LockKind.self), try reader.integer(UInt64.self))
        let (first, last): (UInt64, UInt64) = (try reader.integer(), try reader.integer())
        guard first <= last else { throw MalformedMessage("a lock that ends before it begins") }
        guard kind == .bytes || first == 0 && last == .max else { throw MalformedMessage("a lock on part of a whole file") }
        self.init(inode, kind, owner: owner, range: first...last)
    }
}

extension LockClaim {
    func write(into writer: inout MessageWriter) {
        place.write(into: &writer)
        writer.write(isExclusive)
        writer.write(process)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(try LockPlace(&reader), isExclusive: try reader.bool(), process: try reader.integer())
    }
}

/// The notice that a session has a lock that it waited for.
package struct LockNotice: Hashable, Sendable {
    package static let code: UInt16 = 0x02f1

    package let session: SessionID
    package let wait: UInt64

    package init(session: SessionID, wait: UInt64) {
        self.session = session
        self.wait = wait
    }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(session)
        writer.write(wait)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``.
    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        (session, wait) = (try reader.identifier(), try reader.integer())
        try reader.finish()
    }
}

extension MessageReader {
    /// A span of time, up to a day.
    mutating func span() throws(MalformedMessage) -> Microseconds {
        let value = Microseconds(try integer())
        guard (.zero)...(.hours(24)) ~= value else { throw MalformedMessage("a span of \(value.rawValue) us") }
        return value
    }
}
