import Resources

// What operations are made of, in messages and journals.

extension NewInode {
    func write(into writer: inout MessageWriter) {
        writer.write(parent)
        writer.write(name)
        writer.write(number)
        writer.write(kind)
        writer.write(permissions)
        for value in [owner, group, device] { writer.write(value) }
        writer.write(blob: target)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            parent: try reader.inodeNumber(), name: try reader.fileName(), number: try reader.inodeNumber(),
            kind: try reader.choice(), permissions: try reader.integer(), owner: try reader.integer(),
            group: try reader.integer(), device: try reader.integer(), target: try reader.blob())
    }
}

extension AttributeChanges {
    func write(into writer: inout MessageWriter) {
        writer.write(optional: permissions) { $0.write($1) }
        writer.write(optional: owner) { $0.write($1) }
        writer.write(optional: group) { $0.write($1) }
        writer.write(optional: size) { $0.write($1) }
        writer.write(optional: accessed) { $0.write($1) }
        writer.write(optional: modified) { $0.write($1) }
        writer.write(dropsPrivileges)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init()
        permissions = try reader.optional { reader throws(MalformedMessage) in try reader.integer() }
        owner = try reader.optional { reader throws(MalformedMessage) in try reader.integer() }
        group = try reader.optional { reader throws(MalformedMessage) in try reader.integer() }
        size = try reader.optional { reader throws(MalformedMessage) in try reader.integer() }
        accessed = try reader.optional { reader throws(MalformedMessage) in try reader.instant() }
        modified = try reader.optional { reader throws(MalformedMessage) in try reader.instant() }
        dropsPrivileges = try reader.bool()
    }
}

extension FileWrite {
    func write(into writer: inout MessageWriter) {
        writer.write(inode)
        writer.write(extents) { $0.write($1) }
        writer.write(optional: modified) { $0.write($1) }
        writer.write(dropsPrivileges)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            inode: try reader.inodeNumber(),
            extents: try reader.items(atMost: Operation.mostItems) { reader throws(MalformedMessage) in try reader.extent() },
            modified: try reader.optional { reader throws(MalformedMessage) in try reader.instant() },
            dropsPrivileges: try reader.bool())
    }
}

extension NewBlock {
    func write(into writer: inout MessageWriter) {
        writer.write(id)
        writer.write(length)
        writer.write(checksum)
        writer.write(replicas) { $0.write($1) }
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            id: try reader.identifier(), length: try reader.integer(), checksum: try reader.integer(),
            replicas: try reader.replicas())
    }
}
