import Resources

extension JournalSet {
    /// The most backups of a set.
    static let mostBackups = 32

    func write(into writer: inout MessageWriter) {
        writer.write(home)
        writer.write(backups) { $0.write($1) }
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let home = try reader.identifier(NodeID.self)
        let backups = try reader.items(atMost: Self.mostBackups) { reader throws(MalformedMessage) in
            try reader.identifier(NodeID.self)
        }
        guard backups.isStrictlyAscending, !backups.contains(home) else { throw MalformedMessage("a set in disorder") }
        self.init(home: home, backups: backups)
    }
}

extension JournalMembership {
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
        set.write(into: &writer)
        writer.write(outgoing) { $1.write(into: &$0) }
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let set = try JournalSet(&reader)
        let outgoing = try reader.items(atMost: Self.mostSets) { reader throws(MalformedMessage) in try JournalSet(&reader) }
        self.init(set, outgoing: outgoing)
    }
}
