import Resources
import Testing
import Volumes

@Suite("Records as bytes")
struct RecordCodingTests {
    /// One of each kind at least, with every choice in it.
    private func operations() throws -> [Operation] {
        let (name, other) = (try FileName([0xFF, 0x80]), try FileName(String(repeating: "n", count: 255)))
        let (a, b) = (InodeNumber(rawValue: .max), InodeNumber(rawValue: 2))
        var changes = AttributeChanges()
        (changes.permissions, changes.owner, changes.group, changes.size) = (0o7777, .max, 0, 1 << 53)
        (changes.accessed, changes.modified, changes.dropsPrivileges) = (.now, .at(FileTime(rawValue: -1)), true)
        let extents = [
            Extent(offset: 0, length: 5, source: .zeros), Extent(offset: 9, length: 1, source: .block(block(.max), offset: .max)),
        ]
        let writes = [
            FileWrite(inode: a, extents: extents, modified: nil, dropsPrivileges: true),
            FileWrite(inode: b, extents: [], modified: .at(FileTime(rawValue: .min))),
        ]
        let new = NewBlock(id: block(7), length: 1, checksum: .max, replicas: [node(1), node(2)])
        return [
            .make(
                NewInode(
                    parent: .root, name: name, number: a, kind: .symbolicLink, permissions: 0o777, owner: 1, group: 2, device: 3,
                    target: [1, 2])),
            .link(a, parent: b, name: other), .unlink(parent: b, name: name, isOpen: true),
            .removeDirectory(parent: b, name: name, isOpen: false),
            .rename(Rename(parent: a, name: name, newParent: b, newName: other, mode: .exchange, isOpen: true)),
            .setAttributes(a, changes), .setAttributes(a, AttributeChanges()),
            .setExtendedAttribute(a, name: [1], value: [UInt8](repeating: 1, count: 64 << 10), mode: .replace),
            .removeExtendedAttribute(a, name: [2]), .write(writes, blocks: [new], promised: .max),
            .allocate(a, 1..<UInt64.max, keepsSize: true, zeroes: false), .punch(b, 0..<0), .discard(a),
            .place([BlockPlacement(block: block(1), replicas: [node(3)])]), .forget([block(1), block(2)]),
            .begin(session(1), node: node(2)), .end(session(1)), .reserve(session(1), bytes: .min),
            .resize(capacity: .max, inodeLimit: 1), .advance,
            .appoint(JournalMembership(JournalSet(home: node(2), backups: [node(1), node(3)]))),
            .appoint(
                JournalMembership(
                    JournalSet(home: node(2), backups: []), outgoing: [JournalSet(home: node(1), backups: [node(2), node(9)])])),
        ]
    }

    private func records() throws -> [Record] {
        try operations().enumerated().map { place, operation in
            let origin = Record.Origin(session: session(9), slot: UInt16(place), number: UInt64(place))
            return Record(
                index: UInt64(place), epoch: 3, time: FileTime(rawValue: 5), origin: place % 2 == 0 ? origin : nil,
                operation: operation)
        }
    }

    private func replies() throws -> [Reply] {
        var volume = Volume()
        let inode = try volume.make("f", .characterDevice, permissions: 0o4755, owner: .max)
        return [
            .done, .inode(inode), .inodes([]), .inodes([inode, inode]), .removed(inode), .renamed(moved: inode, replaced: nil),
            .renamed(moved: inode, replaced: inode), .left(true), .left(false),
        ]
    }

    @Test("what is written is read again")
    func roundTrip() throws {
        for record in try records() { #expect(try Record(encoded: record.encoded) == record) }
        for reply in try replies() { #expect(try Reply(encoded: reply.encoded) == reply) }
    }

    @Test("what is cut off, goes on or is of a later version is refused")
    func malformed() throws {
        for record in try records() {
            let bytes = record.encoded
            for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 200)) {
                #expect(throws: MalformedMessage.self) { try Record(encoded: Array(bytes.prefix(count))) }
            }
            #expect(throws: MalformedMessage.self) { try Record(encoded: bytes + [0]) }
            #expect(throws: MalformedMessage.self) { try Record(encoded: [2] + bytes.dropFirst()) }
        }
    }

    @Test(
        "whatever bytes come, they are read or refused, and what is read is written as it came",
        arguments: 0..<20 as Range<UInt64>)
    func damage(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for record in try records() {
            var bytes = record.encoded
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if let read = try? Record(encoded: bytes) { #expect(read.encoded == bytes) }
        }
        for reply in try replies() {
            var bytes = reply.encoded
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1 ... .max, using: &random)
            if let read = try? Reply(encoded: bytes) { #expect(read.encoded == bytes) }
        }
    }

    @Test("whatever bytes come to a home or from it, they are read or refused", arguments: 0..<20 as Range<UInt64>)
    func nonsense(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for code in [UInt16](0x0200...0x03ff) {
            let bytes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                Bool.random(using: &random) ? 0 : UInt8.random(in: .min ... .max, using: &random)
            }
            if let read = try? HomeMessage(code: code, encoded: bytes) { #expect(read.encoded == bytes) }
            if let read = try? JournalEnvelope(code: code, encoded: bytes) { #expect(read.encoded == bytes) }
            _ = try? HomeAnswer(code: code, encoded: bytes)
            _ = try? LeaseRecall.read(bytes)
        }
    }
}
