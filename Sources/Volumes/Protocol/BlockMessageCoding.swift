import Resources

extension BlockRequest {
    func write(into writer: inout MessageWriter) {
        switch self {
        case .put(let puts, let isDurable):
            writer.write(isDurable)
            writer.write(puts) { $1.write(into: &$0) }
        case .read(let block, let offset, let length):
            writer.write(block)
            writer.write(UInt32(offset))
            writer.write(UInt32(length))
        case .readWhole(let block): writer.write(block)
        case .verify(let block, let checksum):
            writer.write(block)
            writer.write(checksum)
        case .delete(let blocks, let epoch):
            writer.write(epoch)
            writer.write(blocks) { $0.write($1) }
        case .raise(let epoch), .drop(let epoch): writer.write(epoch)
        case .bind(let lease): writer.write(lease)
        case .admit(let nodes, let heirs, let epoch):
            writer.write(epoch)
            writer.write(nodes) { $0.write($1) }
            writer.write(heirs) { $0.write($1) }
        case .grant(let bytes), .release(let bytes): writer.write(bytes)
        case .releaseAll(let node): writer.write(node)
        case .list(let block, let limit):
            writer.write(block != nil)
            writer.write(block ?? BlockID(high: 0, low: 0))
            writer.write(UInt16(limit))
        case .synchronize, .usage: break
        }
    }

    init(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) {
        switch code {
        case 0x0101:
            let isDurable = try reader.bool()
            let puts = try reader.items(atMost: Self.mostPut) { reader throws(MalformedMessage) in try BlockPut(&reader) }
            self = .put(puts, isDurable: isDurable)
        case 0x0102: self = .synchronize
        case 0x0103:
            self = .read(try reader.identifier(), offset: try Self.size(&reader), length: try Self.size(&reader))
        case 0x0104: self = .readWhole(try reader.identifier())
        case 0x0105:
            let epoch = try reader.integer(UInt64.self)
            let blocks = try reader.items(atMost: Self.mostDeleted) { reader throws(MalformedMessage) in
                try reader.identifier(BlockID.self)
            }
            self = .delete(blocks, epoch: epoch)
        case 0x0106: self = .raise(epoch: try reader.integer())
        case 0x0107: self = .grant(try reader.byteCount())
        case 0x0108: self = .release(try reader.byteCount())
        case 0x0109: self = try Self.list(&reader)
        case 0x010a: self = .verify(try reader.identifier(), checksum: try reader.integer())
        case 0x010b: self = .usage
        case 0x010c: self = .releaseAll(of: try reader.identifier())
        case 0x010d: self = .bind(try reader.identifier())
        case 0x010e:
            let epoch = try reader.integer(UInt64.self)
            let admitted = try Self.nodes(atMost: Self.mostAdmitted, &reader)
            self = .admit(admitted, heirs: try Self.nodes(atMost: Self.mostHeirs, &reader), epoch: epoch)
        case 0x010f: self = .drop(epoch: try reader.integer())
        default: throw MalformedMessage("there is no request \(code)")
        }
    }

    private static func nodes(atMost limit: Int, _ reader: inout MessageReader) throws(MalformedMessage) -> [NodeID] {
        try reader.items(atMost: limit) { reader throws(MalformedMessage) in try reader.identifier() }
    }

    private static func size(_ reader: inout MessageReader) throws(MalformedMessage) -> Int {
        let size = Int(try reader.integer(UInt32.self))
        guard size <= BlockLayout.largest else { throw MalformedMessage("\(size) bytes of a block") }
        return size
    }

    private static func list(_ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        let hasStart = try reader.bool()
        let block = try reader.identifier(BlockID.self)
        let limit = Int(try reader.integer(UInt16.self))
        guard (1...mostListed).contains(limit) else { throw MalformedMessage("a list of \(limit) blocks") }
        guard hasStart || block == BlockID(high: 0, low: 0) else { throw MalformedMessage("a beginning that is not one") }
        return .list(after: hasStart ? block : nil, limit: limit)
    }
}

extension BlockPut {
    fileprivate func write(into writer: inout MessageWriter) {
        writer.write(block)
        writer.write(UInt32(length))
        writer.write(isGranted)
        for checksum in checksums { writer.write(checksum) }
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let block = try reader.identifier(BlockID.self)
        let length = Int(try reader.integer(UInt32.self))
        guard (1...BlockLayout.largest).contains(length) else { throw MalformedMessage("a block of \(length) bytes") }
        let isGranted = try reader.bool()
        var checksums: [UInt32] = []
        for _ in 0..<BlockLayout.checksumCount(length) { checksums.append(try reader.integer()) }
        self.init(block, length: length, checksums: checksums, isGranted: isGranted)
    }
}
