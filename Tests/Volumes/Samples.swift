import Resources
import Volumes

extension Volume where State == MemoryState {
    /// An empty one.
    init(capacity: UInt64 = 1 << 40, inodeLimit: UInt64 = 1000) {
        var state = MemoryState()
        Self.found(in: &state, capacity: capacity, inodeLimit: inodeLimit, owner: 0, group: 0, at: FileTime(rawValue: 0))
        self.init(state)
    }
}

extension Volume {
    /// Carries out an operation a nanosecond after the one before.
    @discardableResult
    mutating func perform(_ operation: Operation, from origin: Record.Origin? = nil) -> Result<Reply, PosixError> {
        let header = state.header
        return apply(
            Record(
                index: header.applied + 1, epoch: header.epoch, time: FileTime(rawValue: header.time.rawValue + 1),
                origin: origin,
                operation: operation))
    }

    /// Makes something in a directory.
    @discardableResult
    mutating func make(
        _ name: String, _ kind: FileKind = .regular, in parent: InodeNumber = .root, permissions: UInt16 = 0o644,
        owner: UInt32 = 0, group: UInt32 = 0, target: String = ""
    ) throws -> Inode {
        let new = NewInode(
            parent: parent, name: try FileName(name), number: state.header.nextInode, kind: kind, permissions: permissions,
            owner: owner, group: group, target: Array(target.utf8))
        return try perform(.make(new)).get().soleInode
    }

    /// Writes a block of its own at an offset.
    @discardableResult
    mutating func write(
        _ length: UInt64, at offset: UInt64 = 0, to inode: InodeNumber, block: BlockID, promised: UInt64 = 0,
        from origin: Record.Origin? = nil
    ) -> Result<Reply, PosixError> {
        let extent = Extent(offset: offset, length: length, source: .block(block, offset: 0))
        let new = NewBlock(id: block, length: UInt32(length), checksum: 0, replicas: [node(1)])
        let write = FileWrite(inode: inode, extents: [extent])
        return perform(.write([write], blocks: [new], promised: promised), from: origin)
    }
}

extension Reply {
    struct Unexpected: Error { let reply: Reply }

    var soleInode: Inode {
        get throws {
            switch self {
            case .inode(let inode), .removed(let inode), .renamed(let inode, _): return inode
            case .inodes(let inodes) where inodes.count == 1: return inodes[0]
            default: throw Unexpected(reply: self)
            }
        }
    }
}

func node(_ number: UInt64) -> NodeID { NodeID(high: 0, low: number) }
func block(_ number: UInt64) -> BlockID { BlockID(high: 0, low: number) }
func session(_ number: UInt64) -> SessionID { SessionID(high: 0, low: number) }
