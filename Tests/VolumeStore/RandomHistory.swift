import Resources
import Volumes

/// Records at random, the same for the same seed, and a volume in memory that carries them out as a home does: one that is refused
/// leaves its index to the next.
struct RandomHistory {
    var volume: Volume<MemoryState>
    private var random: SeededGenerator
    private var lastBlock: UInt64 = 0
    private var numbers: [UInt16: UInt64] = [:]
    private static let names =
        ["a", "b", "c", "\u{FC}"].map { Array($0.utf8) } + [[0xFF, 0x80], [UInt8](repeating: 0x6E, count: 255)]

    init(seed: UInt64, _ volume: Volume<MemoryState> = Beginning.memory) {
        random = SeededGenerator(seed: seed)
        self.volume = volume
    }

    struct Step {
        let record: Record
        let result: Result<Reply, PosixError>
        /// Whether it is part of the history: neither refused nor one that came before.
        let isKept: Bool
    }

    /// Carries out the next one.
    mutating func step() throws -> Step {
        let before = volume.state.header
        let record = Record(
            index: before.applied + 1, epoch: before.epoch, time: FileTime(rawValue: before.time.rawValue + 1), origin: origin(),
            operation: try operation())
        let result = volume.apply(record)
        return Step(record: record, result: result, isKept: volume.state.header.applied == record.index)
    }

    /// Carries out so many that are kept.
    mutating func records(_ count: Int) throws -> [Record] {
        var records: [Record] = []
        while records.count < count {
            let step = try step()
            if step.isKept { records.append(step.record) }
        }
        return records
    }

    // MARK: Choices

    private mutating func chance(_ n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
    private mutating func small(_ n: UInt64) -> UInt64 { .random(in: 0..<n, using: &random) }

    /// Now and then one that comes again.
    private mutating func origin() -> Record.Origin? {
        guard !chance(3), let session = volume.state.allSessions.randomElement(using: &random) else { return nil }
        let slot = UInt16(small(4))
        if !chance(8) { numbers[slot, default: 0] += 1 }
        return Record.Origin(session: session.id, slot: slot, number: numbers[slot] ?? 0)
    }

    private mutating func name() throws -> FileName { try FileName(Self.names.randomElement(using: &random) ?? []) }

    private mutating func pick(_ isWanted: (Inode) -> Bool) -> InodeNumber {
        let all = volume.state.inodes(after: nil, limit: .max)
        let some = chance(6) ? all : all.filter(isWanted)
        return some.randomElement(using: &random)?.number ?? .root
    }

    private mutating func directory() -> InodeNumber { pick { $0.kind == .directory && $0.links > 0 } }
    private mutating func file() -> InodeNumber { pick { $0.kind == .regular } }

    private mutating func operation() throws -> Operation {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<5: try make()
        case 5: .link(file(), parent: directory(), name: try name())
        case 6: .unlink(parent: directory(), name: try name(), isOpen: chance(3))
        case 7: .removeDirectory(parent: directory(), name: try name(), isOpen: chance(3))
        case 8..<10: try rename()
        case 10..<14: write()
        case 14: attributes()
        case 15: extendedAttribute()
        case 16: range()
        case 17: blocks()
        case 18: sessions()
        default: discard()
        }
    }

    private mutating func make() throws -> Operation {
        let kind = [FileKind.regular, .regular, .directory, .symbolicLink, .pipe].randomElement(using: &random) ?? .regular
        let number = volume.state.header.nextInode.rawValue + small(3)
        return .make(
            NewInode(
                parent: directory(), name: try name(), number: InodeNumber(rawValue: number), kind: kind, permissions: 0o2755,
                owner: .max, group: 3, device: .max, target: kind == .symbolicLink ? [0xFF, 0x2F, 0x61] : []))
    }

    private mutating func rename() throws -> Operation {
        let mode = [Rename.Mode.replace, .replace, .noReplace, .exchange].randomElement(using: &random) ?? .replace
        return .rename(
            Rename(
                parent: directory(), name: try name(), newParent: directory(), newName: try name(), mode: mode, isOpen: chance(4))
        )
    }

    private mutating func write() -> Operation {
        lastBlock += 1
        let id = block(lastBlock)
        let length = 1 + small(40)
        let replicas = [[node(0)], [node(0), node(2)], [node(1), node(2), node(3)]].randomElement(using: &random) ?? []
        let half = length / 2
        let offset = small(80)
        var extents = [Extent(offset: offset + half + small(4), length: length - half, source: .block(id, offset: UInt32(half)))]
        if half > 0 {
            extents.insert(Extent(offset: offset, length: half, source: chance(4) ? .zeros : .block(id, offset: 0)), at: 0)
        }
        let write = FileWrite(inode: file(), extents: extents, modified: chance(3) ? nil : .now, dropsPrivileges: chance(3))
        return .write(
            [write], blocks: [NewBlock(id: id, length: UInt32(length), checksum: .max, replicas: replicas)], promised: small(50))
    }

    private mutating func attributes() -> Operation {
        var changes = AttributeChanges()
        if chance(2) { changes.size = small(100) }
        if chance(3) { changes.owner = .max - 1 }
        if chance(3) { changes.permissions = 0o6755 }
        if chance(3) { changes.accessed = .at(FileTime(rawValue: .min)) }
        if chance(3) { changes.modified = .at(FileTime(rawValue: .max)) }
        changes.dropsPrivileges = chance(4)
        return .setAttributes(file(), changes)
    }

    private mutating func extendedAttribute() -> Operation {
        let name = [UInt8](repeating: UInt8(1 + small(2)), count: 4)
        if chance(3) { return .removeExtendedAttribute(file(), name: name) }
        let value = [UInt8](repeating: 9, count: Int(small(3)) * 100)
        return .setExtendedAttribute(file(), name: name, value: value, mode: chance(4) ? .create : .either)
    }

    private mutating func range() -> Operation {
        let start = small(90)
        let range = start..<(start + 1 + small(20))
        return chance(2) ? .punch(file(), range) : .allocate(file(), range, keepsSize: chance(2), zeroes: chance(2))
    }

    private mutating func blocks() -> Operation {
        if chance(2) { return .forget(volume.state.deadBlocks(after: nil, limit: 5).map(\.id) + [block(1)]) }
        let moved = volume.state.blocks(after: nil, limit: .max).shuffled(using: &random).prefix(3)
        let replicas = chance(2) ? [node(3)] : [node(1), node(2)]
        return .place(moved.map { BlockPlacement(block: $0.id, replicas: replicas) })
    }

    private mutating func sessions() -> Operation {
        let id = session(small(3))
        return switch small(7) {
        case 5: .advance
        case 6:
            .appoint(
                JournalMembership(
                    JournalSet(home: node(small(4)), backups: [node(small(4))]),
                    outgoing: chance(2) ? [] : [JournalSet(home: node(9), backups: [])]))
        case 0: .end(id)
        case 1, 2: .begin(id, node: node(small(4)))
        case 3: .reserve(id, bytes: Int64(small(60)) - 20)
        default: .resize(capacity: Beginning.capacity - small(1000), inodeLimit: 50 + small(20))
        }
    }

    private mutating func discard() -> Operation {
        .discard(volume.state.orphans(after: nil, limit: 1).first ?? file())
    }
}
