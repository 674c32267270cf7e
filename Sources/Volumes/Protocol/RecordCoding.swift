import Resources

extension Record {
    private static let version: UInt8 = 1

    /// For journals and for the backups of a home.
    package var encoded: [UInt8] {
        var writer = MessageWriter()
        write(into: &writer)
        return writer.bytes
    }

    func write(into writer: inout MessageWriter) {
        writer.write(Self.version)
        writer.write(index)
        writer.write(epoch)
        writer.write(time)
        writer.write(optional: origin) { writer, origin in
            writer.write(origin.session)
            writer.write(origin.slot)
            writer.write(origin.number)
        }
        operation.write(into: &writer)
    }

    /// - Throws: ``MalformedMessage``, also for a record of a newer version.
    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        try self.init(&reader)
        try reader.finish()
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let version = try reader.integer(UInt8.self)
        guard version == Self.version else { throw MalformedMessage("a record of version \(version)") }
        self.init(
            index: try reader.integer(), epoch: try reader.integer(), time: try reader.fileTime(),
            origin: try reader.optional { reader throws(MalformedMessage) in
                Origin(session: try reader.identifier(), slot: try reader.integer(), number: try reader.integer())
            }, operation: try Operation(&reader))
    }
}

extension Reply {
    package var encoded: [UInt8] {
        var writer = MessageWriter()
        write(into: &writer)
        return writer.bytes
    }

    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        try self.init(&reader)
        try reader.finish()
    }

    func write(into writer: inout MessageWriter) {
        switch self {
        case .done: writer.write(UInt8(0))
        case .inode(let inode):
            writer.write(UInt8(1))
            writer.write(inode)
        case .inodes(let inodes):
            writer.write(UInt8(2))
            writer.write(inodes) { $0.write($1) }
        case .removed(let inode):
            writer.write(UInt8(3))
            writer.write(inode)
        case .renamed(let moved, let replaced):
            writer.write(UInt8(4))
            writer.write(moved)
            writer.write(optional: replaced) { $0.write($1) }
        case .left(let isSomething):
            writer.write(UInt8(5))
            writer.write(isSomething)
        }
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        switch try reader.integer(UInt8.self) {
        case 0: self = .done
        case 1: self = .inode(try reader.inode())
        case 2:
            let inodes = try reader.items(atMost: Operation.mostItems) { reader throws(MalformedMessage) in try reader.inode() }
            self = .inodes(inodes)
        case 3: self = .removed(try reader.inode())
        case 4:
            self = .renamed(
                moved: try reader.inode(), replaced: try reader.optional { reader throws(MalformedMessage) in try reader.inode() }
            )
        case 5: self = .left(try reader.bool())
        case let code: throw MalformedMessage("there is no reply \(code)")
        }
    }
}
