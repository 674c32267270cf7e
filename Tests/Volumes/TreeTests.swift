import Resources
import Testing
import Volumes

@Suite("Names in a volume")
struct TreeTests {
    private func refused(_ result: Result<Reply, PosixError>) -> PosixError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test("what is made is found, counts in its directory, and has a number that was never used")
    func making() throws {
        var volume = Volume()
        let directory = try volume.make("d", .directory)
        let file = try volume.make("f", in: directory.number)
        #expect(volume.state.inode(.root)?.links == 3)
        #expect(volume.state.inode(directory.number)?.links == 2)
        #expect(volume.state.entry(try FileName("f"), in: directory.number)?.inode == file.number)
        #expect(file.number > directory.number)
        volume.perform(.unlink(parent: directory.number, name: try FileName("f"), isOpen: false))
        #expect(try volume.make("g").number > file.number)
        #expect(volume.faults() == [])
    }

    @Test("a directory with set-group-id gives its group to what is made in it, and the bit to directories")
    func inheritance() throws {
        var volume = Volume()
        let shared = try volume.make("d", .directory, permissions: 0o2775, group: 7)
        let (file, nested) = (
            try volume.make("f", in: shared.number, group: 3), try volume.make("n", .directory, in: shared.number)
        )
        #expect(file.group == 7 && file.permissions == 0o644)
        #expect(nested.group == 7 && nested.permissions == 0o2644)
    }

    @Test("refusals are those of POSIX, and change nothing")
    func refusals() throws {
        var volume = Volume()
        let (directory, file) = (try volume.make("d", .directory), try volume.make("f"))
        try volume.make("inner", .directory, in: directory.number)
        let (d, f, x) = (try FileName("d"), try FileName("f"), try FileName("x"))
        func rename(_ name: FileName, _ parent: InodeNumber, _ newName: FileName, _ mode: Rename.Mode = .replace) -> Operation {
            .rename(Rename(parent: .root, name: name, newParent: parent, newName: newName, mode: mode))
        }
        let inner = try #require(volume.state.entry(try FileName("inner"), in: directory.number)).inode
        let cases: [(Operation, PosixError)] = [
            (.unlink(parent: .root, name: x, isOpen: false), .noEntry),
            (.unlink(parent: .root, name: d, isOpen: false), .isDirectory),
            (.removeDirectory(parent: .root, name: f, isOpen: false), .notDirectory),
            (.removeDirectory(parent: .root, name: d, isOpen: false), .notEmpty),
            (.unlink(parent: file.number, name: x, isOpen: false), .notDirectory),
            (.unlink(parent: InodeNumber(rawValue: 99), name: x, isOpen: false), .stale),
            (.link(directory.number, parent: .root, name: x), .notPermitted),
            (.link(file.number, parent: .root, name: d), .exists),
            (rename(x, .root, f), .noEntry), (rename(d, .root, f), .notDirectory), (rename(f, .root, d), .isDirectory),
            (rename(d, inner, x), .invalid), (rename(d, directory.number, x), .invalid),
            (rename(f, .root, d, .noReplace), .exists),
            (rename(f, .root, x, .exchange), .noEntry),
            (.setAttributes(directory.number, .size(0)), .isDirectory),
            (.setAttributes(file.number, .size(1 << 60)), .fileTooLarge),
            (.removeExtendedAttribute(file.number, name: [1]), .noData),
        ]
        for (operation, error) in cases {
            let before = volume.snapshot
            #expect(refused(volume.perform(operation)) == error, "\(operation)")
            #expect(volume.snapshot == before, "\(operation)")
        }
        #expect(volume.faults() == [])
    }

    @Test("a name that is replaced is gone; what was open stays until it is discarded")
    func replacing() throws {
        var volume = Volume()
        let (a, b) = (try volume.make("a"), try volume.make("b"))
        let rename = Rename(parent: .root, name: try FileName("a"), newParent: .root, newName: try FileName("b"), isOpen: true)
        #expect(try volume.perform(.rename(rename)).get() == .renamed(moved: volume.inode(a), replaced: volume.inode(b)))
        #expect(volume.state.orphans(after: nil, limit: 10) == [b.number])
        #expect(try volume.perform(.discard(b.number)).get() == .left(false))
        #expect(volume.state.inode(b.number) == nil)
        #expect(volume.perform(.discard(a.number)) == .failure(.busy))
        #expect(volume.faults() == [])
    }

    @Test("a directory that moves takes its place along, and both parents count it")
    func moving() throws {
        var volume = Volume()
        let (from, to) = (try volume.make("from", .directory), try volume.make("to", .directory))
        let moved = try volume.make("d", .directory, in: from.number)
        let rename = Rename(parent: from.number, name: try FileName("d"), newParent: to.number, newName: try FileName("e"))
        #expect(try volume.perform(.rename(rename)).get().soleInode.parent == to.number)
        #expect(volume.state.inode(from.number)?.links == 2 && volume.state.inode(to.number)?.links == 3)
        let swap = Rename(
            parent: .root, name: try FileName("from"), newParent: to.number, newName: try FileName("e"), mode: .exchange)
        #expect(try volume.perform(.rename(swap)).get().soleInode.parent == to.number)
        #expect(volume.state.inode(moved.number)?.parent == .root)
        #expect(volume.faults() == [])
    }

    @Test("in a directory that was removed while it was open nothing is made")
    func removedDirectory() throws {
        var volume = Volume()
        let directory = try volume.make("d", .directory)
        volume.perform(.removeDirectory(parent: .root, name: try FileName("d"), isOpen: true))
        let new = NewInode(
            parent: directory.number, name: try FileName("x"), number: volume.state.header.nextInode, kind: .regular,
            permissions: 0,
            owner: 0, group: 0)
        #expect(volume.perform(.make(new)) == .failure(.noEntry))
        #expect(volume.faults() == [])
    }

    @Test("set-user-id falls when somebody without privileges writes, set-group-id only where the group may execute")
    func privileges() throws {
        var volume = Volume()
        let (file, locked) = (try volume.make("f", permissions: 0o6755), try volume.make("l", permissions: 0o6745))
        var changes = AttributeChanges()
        changes.dropsPrivileges = true
        #expect(try volume.perform(.setAttributes(file.number, changes)).get().soleInode.permissions == 0o755)
        #expect(try volume.perform(.setAttributes(locked.number, changes)).get().soleInode.permissions == 0o2745)
    }

    @Test("capabilities of a file go when it is written to, truncated, or given to somebody else")
    func capabilities() throws {
        var volume = Volume()
        let (file, name) = (try volume.make("f").number, Array("security.capability".utf8))
        var given = AttributeChanges()
        given.owner = 5
        let changes: [Operation] = [
            .setAttributes(file, given), .setAttributes(file, .size(10)),
            .write([FileWrite(inode: file, extents: [Extent(offset: 0, length: 1, source: .zeros)])], blocks: [], promised: 0),
        ]
        for change in changes {
            volume.perform(.setExtendedAttribute(file, name: name, value: [1], mode: .either))
            #expect(volume.state.attribute(name, of: file) != nil)
            volume.perform(change)
            #expect(volume.state.attribute(name, of: file) == nil, "\(change)")
        }
    }

    @Test("no more is made than the volume takes")
    func limit() throws {
        var volume = Volume(inodeLimit: 3)
        try volume.make("a")
        try volume.make("b")
        #expect(throws: PosixError.noSpace) { try volume.make("c") }
        volume.perform(.unlink(parent: .root, name: try FileName("a"), isOpen: false))
        try volume.make("c")
        #expect(volume.faults() == [])
    }
}

extension AttributeChanges {
    static func size(_ size: UInt64) -> Self {
        var changes = Self()
        changes.size = size
        return changes
    }
}

extension Volume {
    func inode(_ inode: Inode) throws -> Inode {
        guard let found = state.inode(inode.number) else { throw PosixError.stale }
        return found
    }

    /// Everything but what says how many records there were.
    var snapshot: Snapshot {
        var header = state.header
        (header.applied, header.time) = (0, FileTime(rawValue: 0))
        let inodes = state.inodes(after: nil, limit: .max)
        return Snapshot(
            header: header, inodes: inodes,
            entries: inodes.map { state.entries(in: $0.number, after: nil, limit: .max) },
            extents: inodes.map { state.extents(of: $0.number, in: 0..<UInt64.max, limit: .max) },
            attributes: inodes.map { state.attributeNames(of: $0.number) },
            blocks: state.blocks(after: nil, limit: .max), sessions: state.allSessions)
    }
}

struct Snapshot: Hashable {
    let header: VolumeHeader
    let inodes: [Inode]
    let entries: [[DirectoryEntry]]
    let extents: [[Extent]]
    let attributes: [[[UInt8]]]
    let blocks: [Block]
    let sessions: [Session]
}
