import Resources
import Testing
import Volumes

@Suite("Content of a volume's files")
struct ContentTests {
    @Test("what is overwritten is not counted, and a block that nothing refers to is dead")
    func overwriting() throws {
        var volume = Volume()
        let file = try volume.make("f").number
        _ = try volume.write(100, to: file, block: block(1)).get()
        _ = try volume.write(50, at: 25, to: file, block: block(2)).get()
        #expect(volume.state.inode(file)?.allocated == 100 && volume.state.header.used == 100)
        #expect(volume.state.block(block(1))?.live == 50)
        #expect(volume.state.deadBlocks(after: nil, limit: 10) == [])
        _ = try volume.write(100, to: file, block: block(3)).get()
        #expect(volume.state.deadBlocks(after: nil, limit: 10).map(\.id) == [block(1), block(2)])
        volume.perform(.forget([block(1), block(2), block(3)]))
        #expect(volume.state.blocks(after: nil, limit: 10).map(\.id) == [block(3)], "what is in use stays")
        #expect(volume.faults() == [])
    }

    @Test("content that goes on in the same block is one extent")
    func joining() throws {
        var volume = Volume()
        let file = try volume.make("f").number
        let parts = (0..<4).map { Extent(offset: $0 * 10, length: 10, source: .block(block(1), offset: UInt32($0 * 10))) }
        let new = NewBlock(id: block(1), length: 40, checksum: 0, replicas: [node(1)])
        _ = try volume.perform(.write([FileWrite(inode: file, extents: parts)], blocks: [new], promised: 0)).get()
        #expect(volume.state.extents(of: file, in: 0..<100, limit: 10).map(\.length) == [40])
        #expect(volume.faults() == [])
    }

    @Test("several small files share a block; one that was removed meanwhile is left out, and the others are written")
    func packing() throws {
        var volume = Volume()
        let (a, b) = (try volume.make("a").number, try volume.make("b").number)
        volume.perform(.unlink(parent: .root, name: try FileName("a"), isOpen: false))
        let writes = [a, b].enumerated().map { place, file in
            FileWrite(
                inode: file, extents: [Extent(offset: 0, length: 10, source: .block(block(1), offset: UInt32(place * 10)))])
        }
        let new = NewBlock(id: block(1), length: 20, checksum: 0, replicas: [node(1)])
        #expect(try volume.perform(.write(writes, blocks: [new], promised: 0)).get().soleInode.number == b)
        #expect(volume.state.block(block(1))?.live == 10)
        #expect(volume.faults() == [])
    }

    @Test("content has the time at which it was written, but none that is to come; nothing is changed before it was changed last")
    func times() throws {
        var volume = Volume()
        let file = try volume.make("f").number
        for number in 1...5 { try volume.make("g\(number)") }
        func write(_ number: UInt64, at time: Int64) throws -> Inode {
            let extent = Extent(offset: 0, length: 10, source: .block(block(number), offset: 0))
            let new = NewBlock(id: block(number), length: 10, checksum: 0, replicas: [node(1)])
            let write = FileWrite(inode: file, extents: [extent], modified: .at(FileTime(rawValue: time)))
            return try volume.perform(.write([write], blocks: [new], promised: 0)).get().soleInode
        }
        let now = volume.state.header.time.rawValue
        let first = try write(1, at: now - 2)
        #expect(first.modified.rawValue == now - 2 && first.changed == first.modified)
        let second = try write(2, at: now - 100)
        #expect(second.modified.rawValue == now - 100 && second.changed == first.changed)
        let third = try write(3, at: .max)
        #expect(third.modified == volume.state.header.time && third.changed == third.modified)
    }

    @Test("who sets room aside for a file modifies it, whether or not it becomes longer")
    func allocationTimes() throws {
        var volume = Volume()
        let file = try volume.make("f")
        for (end, keepsSize, size) in [(100, true, 0), (50, false, 50), (40, false, 50)] as [(UInt64, Bool, UInt64)] {
            let operation = Operation.allocate(file.number, 0..<end, keepsSize: keepsSize, zeroes: false)
            let inode = try volume.perform(operation).get().soleInode
            #expect(inode.modified == volume.state.header.time && inode.size == size)
        }
    }

    @Test("what makes no sense is refused whole")
    func nonsense() throws {
        var volume = Volume()
        let file = try volume.make("f").number
        let whole = Extent(offset: 0, length: 10, source: .block(block(1), offset: 0))
        func write(_ extents: [Extent], _ blocks: [NewBlock]) -> Operation {
            .write([FileWrite(inode: file, extents: extents)], blocks: blocks, promised: 0)
        }
        func new(length: UInt32 = 10, on replicas: [NodeID] = [node(1)]) -> NewBlock {
            NewBlock(id: block(1), length: length, checksum: 0, replicas: replicas)
        }
        let cases: [(Operation, PosixError)] = [
            (write([whole], []), .invalid), (write([whole], [new(length: 9)]), .invalid),
            (write([whole], [new(on: [])]), .invalid),
            (write([whole], [new(on: [node(2), node(1)])]), .invalid), (write([whole], [new(on: [node(1), node(1)])]), .invalid),
            (write([whole, whole], [new()]), .invalid), (write([whole], [new(), new()]), .invalid),
            (write([whole], [new(length: Block.largest + 1)]), .invalid),
            (write([Extent(offset: 0, length: 0, source: .zeros)], []), .invalid),
            (write([Extent(offset: .max, length: 1, source: .zeros)], []), .fileTooLarge),
            (write([Extent(offset: 1, length: .max, source: .zeros)], []), .fileTooLarge),
            (.punch(file, 5..<5), .invalid), (.allocate(file, 0..<UInt64.max, keepsSize: false, zeroes: false), .fileTooLarge),
            (.place([BlockPlacement(block: block(1), replicas: [])]), .invalid), (.resize(capacity: 0, inodeLimit: 1), .invalid),
        ]
        for (operation, error) in cases {
            let before = volume.snapshot
            #expect(volume.perform(operation) == .failure(error), "\(operation)")
            #expect(volume.snapshot == before, "\(operation)")
        }
    }

    @Test("what is dead is never referred to again")
    func dead() throws {
        var volume = Volume()
        let file = try volume.make("f").number
        _ = try volume.write(10, to: file, block: block(1)).get()
        volume.perform(.setAttributes(file, .size(0)))
        let extent = Extent(offset: 0, length: 10, source: .block(block(1), offset: 0))
        let again = Operation.write([FileWrite(inode: file, extents: [extent])], blocks: [], promised: 0)
        #expect(volume.perform(again) == .failure(.invalid))
    }

    @Test("a file with very much in it is discarded in steps, each of which gives room back")
    func steps() throws {
        var volume = Volume()
        let file = try volume.make("f").number
        for part in 0..<600 { _ = try volume.write(1, at: UInt64(part * 2), to: file, block: block(UInt64(part))).get() }
        volume.perform(.unlink(parent: .root, name: try FileName("f"), isOpen: false))
        var used = [volume.state.header.used]
        while try volume.perform(.discard(file)).get() == .left(true) {
            used.append(volume.state.header.used)
            #expect(volume.faults() == [])
        }
        #expect(used.first == 600 - 256 && zip(used, used.dropFirst()).allSatisfy(>))
        #expect(volume.state.header.used == 0 && volume.state.inode(file) == nil)
        #expect(volume.faults() == [])
    }
}
