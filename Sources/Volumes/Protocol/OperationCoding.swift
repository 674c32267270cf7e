import Resources

// Numbers of operations stand in journals: one that was given away is never used for another.

extension Operation {
    /// The most extents, blocks or files in one operation.
    package static let mostItems = 4096

    func write(into writer: inout MessageWriter) {
        switch self {
        case .make, .link, .unlink, .removeDirectory, .rename: writeNames(into: &writer)
        case .setAttributes, .setExtendedAttribute, .removeExtendedAttribute: writeAttributes(into: &writer)
        case .write, .allocate, .punch, .discard, .place, .forget: writeContent(into: &writer)
        case .begin, .end, .reserve, .resize, .appoint, .advance: writeLimits(into: &writer)
        }
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let code = try reader.integer(UInt8.self)
        switch code {
        case 1...5: self = try Self.names(code, &reader)
        case 16...18: self = try Self.attributes(code, &reader)
        case 32...37: self = try Self.content(code, &reader)
        case 48...53: self = try Self.limits(code, &reader)
        default: throw MalformedMessage("there is no operation \(code)")
        }
    }

    // MARK: Names

    private func writeNames(into writer: inout MessageWriter) {
        switch self {
        case .make(let new):
            writer.write(UInt8(1))
            new.write(into: &writer)
        case .link(let inode, let parent, let name):
            writer.write(UInt8(2))
            writer.write(inode)
            writer.write(parent)
            writer.write(name)
        case .unlink(let parent, let name, let isOpen): Self.write(3, parent, name, isOpen, into: &writer)
        case .removeDirectory(let parent, let name, let isOpen): Self.write(4, parent, name, isOpen, into: &writer)
        case .rename(let rename):
            writer.write(UInt8(5))
            writer.write(rename.parent)
            writer.write(rename.name)
            writer.write(rename.newParent)
            writer.write(rename.newName)
            writer.write(rename.mode)
            writer.write(rename.isOpen)
        default: break
        }
    }

    private static func write(
        _ code: UInt8, _ parent: InodeNumber, _ name: FileName, _ isOpen: Bool, into writer: inout MessageWriter
    ) {
        writer.write(code)
        writer.write(parent)
        writer.write(name)
        writer.write(isOpen)
    }

    private static func names(_ code: UInt8, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 1: .make(try NewInode(&reader))
        case 2: .link(try reader.inodeNumber(), parent: try reader.inodeNumber(), name: try reader.fileName())
        case 3: .unlink(parent: try reader.inodeNumber(), name: try reader.fileName(), isOpen: try reader.bool())
        case 4: .removeDirectory(parent: try reader.inodeNumber(), name: try reader.fileName(), isOpen: try reader.bool())
        default:
            .rename(
                Rename(
                    parent: try reader.inodeNumber(), name: try reader.fileName(), newParent: try reader.inodeNumber(),
                    newName: try reader.fileName(), mode: try reader.choice(), isOpen: try reader.bool()))
        }
    }

    // MARK: Attributes

    private func writeAttributes(into writer: inout MessageWriter) {
        switch self {
        case .setAttributes(let inode, let changes):
            writer.write(UInt8(16))
            writer.write(inode)
            changes.write(into: &writer)
        case .setExtendedAttribute(let inode, let name, let value, let mode):
            writer.write(UInt8(17))
            writer.write(inode)
            writer.write(blob: name)
            writer.write(blob: value)
            writer.write(mode)
        case .removeExtendedAttribute(let inode, let name):
            writer.write(UInt8(18))
            writer.write(inode)
            writer.write(blob: name)
        default: break
        }
    }

    private static func attributes(_ code: UInt8, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        let inode = try reader.inodeNumber()
        switch code {
        case 16: return .setAttributes(inode, try AttributeChanges(&reader))
        case 17:
            return .setExtendedAttribute(
                inode, name: try reader.blob(), value: try reader.blob(), mode: try reader.choice())
        default: return .removeExtendedAttribute(inode, name: try reader.blob())
        }
    }

    // MARK: Content

    private func writeContent(into writer: inout MessageWriter) {
        switch self {
        case .write(let files, let blocks, let promised):
            writer.write(UInt8(32))
            writer.write(files) { $1.write(into: &$0) }
            writer.write(blocks) { $1.write(into: &$0) }
            writer.write(promised)
        case .allocate(let inode, let range, let keepsSize, let zeroes):
            writer.write(UInt8(33))
            writer.write(inode)
            writer.write(range)
            writer.write(keepsSize)
            writer.write(zeroes)
        case .punch(let inode, let range):
            writer.write(UInt8(34))
            writer.write(inode)
            writer.write(range)
        case .discard(let inode):
            writer.write(UInt8(35))
            writer.write(inode)
        case .place(let placements):
            writer.write(UInt8(36))
            writer.write(placements) { writer, placement in
                writer.write(placement.block)
                writer.write(placement.replicas) { $0.write($1) }
            }
        case .forget(let blocks):
            writer.write(UInt8(37))
            writer.write(blocks) { $0.write($1) }
        default: break
        }
    }

    private static func content(_ code: UInt8, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 32:
            let files = try reader.items(atMost: mostItems) { reader throws(MalformedMessage) in try FileWrite(&reader) }
            let blocks = try reader.items(atMost: mostItems) { reader throws(MalformedMessage) in try NewBlock(&reader) }
            return .write(files, blocks: blocks, promised: try reader.integer())
        case 33:
            return .allocate(
                try reader.inodeNumber(), try reader.range(), keepsSize: try reader.bool(), zeroes: try reader.bool())
        case 34: return .punch(try reader.inodeNumber(), try reader.range())
        case 35: return .discard(try reader.inodeNumber())
        case 36:
            return .place(
                try reader.items(atMost: mostItems) { reader throws(MalformedMessage) in
                    BlockPlacement(block: try reader.identifier(), replicas: try reader.replicas())
                })
        default:
            return .forget(
                try reader.items(atMost: mostItems) { reader throws(MalformedMessage) in try reader.identifier() })
        }
    }

    // MARK: Sessions and limits

    private func writeLimits(into writer: inout MessageWriter) {
        switch self {
        case .begin(let session, let node):
            writer.write(UInt8(48))
            writer.write(session)
            writer.write(node)
        case .end(let session):
            writer.write(UInt8(49))
            writer.write(session)
        case .reserve(let session, let bytes):
            writer.write(UInt8(50))
            writer.write(session)
            writer.write(bytes)
        case .resize(let capacity, let inodeLimit):
            writer.write(UInt8(51))
            writer.write(capacity)
            writer.write(inodeLimit)
        case .appoint(let membership):
            writer.write(UInt8(52))
            membership.write(into: &writer)
        case .advance: writer.write(UInt8(53))
        default: break
        }
    }

    private static func limits(_ code: UInt8, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 48: .begin(try reader.identifier(), node: try reader.identifier())
        case 49: .end(try reader.identifier())
        case 50: .reserve(try reader.identifier(), bytes: try reader.integer())
        case 51: .resize(capacity: try reader.integer(), inodeLimit: try reader.integer())
        case 52: .appoint(try JournalMembership(&reader))
        default: .advance
        }
    }
}
