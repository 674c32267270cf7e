import Resources

// The fields that records, replies and the messages of a volume have in common.

extension MessageWriter {
    mutating func write(_ value: InodeNumber) { write(value.rawValue) }
    mutating func write(_ value: FileTime) { write(value.rawValue) }
    mutating func write(_ value: FileName) { write(blob: value.bytes) }
    mutating func write(_ value: some RawRepresentable<UInt8>) { write(value.rawValue) }

    /// - Parameter body: writes what is there.
    mutating func write<Value>(optional value: Value?, _ body: (inout Self, Value) -> Void) {
        write(value != nil)
        if let value { body(&self, value) }
    }

    mutating func write(_ range: Range<UInt64>) {
        write(range.lowerBound)
        write(range.upperBound)
    }

    mutating func write(_ instant: AttributeChanges.Instant) {
        switch instant {
        case .now: write(UInt8(0))
        case .at(let time):
            write(UInt8(1))
            write(time)
        }
    }

    mutating func write(_ extent: Extent) {
        write(extent.offset)
        write(extent.length)
        switch extent.source {
        case .zeros: write(UInt8(0))
        case .block(let block, let offset):
            write(UInt8(1))
            write(block)
            write(offset)
        }
    }

    mutating func write(_ inode: Inode) {
        write(inode.number)
        write(inode.kind)
        write(inode.permissions)
        for value in [inode.owner, inode.group, inode.links, inode.device] { write(value) }
        for value in [inode.size, inode.allocated, inode.version] { write(value) }
        for time in [inode.accessed, inode.modified, inode.changed] { write(time) }
        write(inode.parent)
    }
}

extension MessageReader {
    /// What an extended attribute can have at most.
    static let longestBlob = 64 << 10
    /// Replicas of one block.
    static let mostReplicas = 32

    mutating func inodeNumber() throws(MalformedMessage) -> InodeNumber { InodeNumber(rawValue: try integer()) }
    mutating func fileTime() throws(MalformedMessage) -> FileTime { FileTime(rawValue: try integer()) }

    mutating func fileName() throws(MalformedMessage) -> FileName {
        let bytes = try blob()
        do throws(PosixError) { return try FileName(bytes) } catch { throw MalformedMessage("a name that no entry can have") }
    }

    mutating func choice<Value: RawRepresentable<UInt8>>(_: Value.Type = Value.self) throws(MalformedMessage) -> Value {
        let code = try integer(UInt8.self)
        guard let value = Value(rawValue: code) else { throw MalformedMessage("there is no \(Value.self) \(code)") }
        return value
    }

    mutating func optional<Value>(
        _ body: (inout Self) throws(MalformedMessage) -> Value
    ) throws(MalformedMessage) -> Value? {
        try bool() ? try body(&self) : nil
    }

    mutating func range() throws(MalformedMessage) -> Range<UInt64> {
        let (start, end): (UInt64, UInt64) = (try integer(), try integer())
        guard start <= end else { throw MalformedMessage("a range that ends before it begins") }
        return start..<end
    }

    mutating func instant() throws(MalformedMessage) -> AttributeChanges.Instant {
        try bool() ? .at(try fileTime()) : .now
    }

    mutating func extent() throws(MalformedMessage) -> Extent {
        let (offset, length): (UInt64, UInt64) = (try integer(), try integer())
        let source: Extent.Source = try bool() ? .block(try identifier(), offset: try integer()) : .zeros
        return Extent(offset: offset, length: length, source: source)
    }

    mutating func replicas() throws(MalformedMessage) -> [NodeID] {
        try items(atMost: Self.mostReplicas) { reader throws(MalformedMessage) in try reader.identifier() }
    }

    mutating func inode() throws(MalformedMessage) -> Inode {
        let (number, kind) = (try inodeNumber(), try choice(FileKind.self))
        let permissions = try integer(UInt16.self)
        let (owner, group, links, device): (UInt32, UInt32, UInt32, UInt32) = (
            try integer(), try integer(), try integer(), try integer()
        )
        var inode = Inode(
            number: number, kind: kind, permissions: permissions, owner: owner, group: group, links: links, device: device,
            at: FileTime(rawValue: 0), parent: .root)
        (inode.size, inode.allocated, inode.version) = (try integer(), try integer(), try integer())
        (inode.accessed, inode.modified, inode.changed) = (try fileTime(), try fileTime(), try fileTime())
        inode.parent = try inodeNumber()
        return inode
    }
}
