import Foundation
import Resources
import Testing
import Volumes

@testable import VolumeStore

@Suite("Metadata in SQLite")
struct SQLiteStateTests {
    private static var tight: SQLiteState.Options {
        var options = SQLiteState.Options()
        // Rows are dropped from memory all the time.
        options.cachedRows = 3
        return options
    }

    @Test(
        "whatever is done to it, it replies and has the same as a state in memory, also after it was opened again",
        arguments: 0..<40 as Range<UInt64>)
    func alike(seed: UInt64) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("state")
        // Half of them have numbers that no signed one of 64 bits is equal to.
        let next = InodeNumber(rawValue: seed % 2 == 0 ? 2 : UInt64(Int64.max) - 30)
        var memory = Beginning.memory
        memory.state.header.nextInode = next
        try SQLiteState.create(path: path, volume: volumeID) { state in
            Beginning.found(in: &state)
            state.header.nextInode = next
        }
        let options = seed % 4 < 2 ? Self.tight : SQLiteState.Options()
        var history = RandomHistory(seed: seed, memory)
        var volume = Volume(try SQLiteState(path: path, options: options))
        for step in 0..<400 {
            let expected = try history.step()
            let said = volume.apply(expected.record)
            try #require(said == expected.result, "seed \(seed), step \(step): \(expected.record.operation)")
            if step % 40 == 17 {
                try #require(Content(volume.state) == Content(history.volume.state), "seed \(seed), step \(step)")
            }
            if step % 30 == 11 { try volume.state.commit() }
            if step % 90 == 80 {
                try volume.state.commit()
                volume = Volume(try SQLiteState(path: path, options: options))
            }
        }
        #expect(volume.state.failure == nil)
        #expect(volume.faults() == [])
        #expect(Content(volume.state) == Content(history.volume.state))
    }

    @Test("lists go on after what was seen last, in the order of unsigned numbers")
    func pages() throws {
        let directory = try TemporaryDirectory()
        try Beginning.create(state: directory.file("state"))
        let state = try SQLiteState(path: directory.file("state"))
        let numbers: [UInt64] = [1, 2, UInt64(Int64.max), UInt64(Int64.max) + 1, .max - 1, .max]
        for number in numbers {
            let inode = Inode(
                number: InodeNumber(rawValue: number), kind: .regular, permissions: 0, owner: 0, group: 0, links: 0,
                at: Beginning.time, parent: InodeNumber(rawValue: .max))
            state.put(inode)
        }
        var (seen, last) = ([UInt64](), InodeNumber?.none)
        while let page = Optional(state.orphans(after: last, limit: 2)), !page.isEmpty {
            #expect(state.inodes(after: last, limit: 2).map(\.number) == page)
            seen += page.map(\.rawValue)
            last = page.last
        }
        #expect(seen == numbers)
        #expect(state.inode(InodeNumber(rawValue: .max))?.parent.rawValue == .max)
    }

    @Test("all 64 bits of what the header and inodes have survive")
    func extremes() throws {
        let directory = try TemporaryDirectory()
        try Beginning.create(state: directory.file("state"))
        let state = try SQLiteState(path: directory.file("state"))
        state.header.epoch = .max
        (state.header.capacity, state.header.inodeLimit, state.header.used) = (.max, .max - 1, 1 << 63)
        var inode = try #require(state.inode(.root))
        (inode.size, inode.version, inode.changed, inode.links) = (.max, 1 << 63, FileTime(rawValue: .min), .max)
        state.put(inode)
        try state.commit()
        let again = try SQLiteState(path: directory.file("state"))
        #expect(again.header == state.header && again.inode(.root) == inode)
    }

    @Test("what was not committed is not kept")
    func transaction() throws {
        let directory = try TemporaryDirectory()
        try Beginning.create(state: directory.file("state"))
        var volume: Volume? = Volume(try SQLiteState(path: directory.file("state")))
        _ = try volume?.apply(.making(1)).get()
        try volume?.state.commit()
        _ = try volume?.apply(.making(2)).get()
        volume?.state.put(Session(id: session(1), node: node(1)))
        #expect(volume?.state.committed == 1)
        volume = nil
        let again = try SQLiteState(path: directory.file("state"))
        #expect(again.header.applied == 1 && again.allSessions == [] && again.inode(InodeNumber(rawValue: 3)) == nil)
    }

    @Test("once SQLite has failed it answers as if nothing were there, says why, and keeps nothing of the transaction")
    func failure() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("state")
        try Beginning.create(state: path)
        do {
            var volume = Volume(try SQLiteState(path: path))
            _ = try volume.apply(.making(1)).get()
            try volume.state.commit()
            let pages = try volume.state.connection.integer("PRAGMA page_count")
            try volume.state.connection.execute("PRAGMA max_page_count = \(pages)")
            let name = [UInt8](repeating: 1, count: 250)
            var steps = 0
            while volume.state.failure == nil, steps < 1000 {
                steps += 1
                volume.state.setAttribute(name + [UInt8(1 + steps % 5)], of: InodeNumber(rawValue: UInt64(steps)), to: name)
            }
            #expect(volume.state.failure == .full(file: path))
            #expect(volume.state.inode(.root) == nil && volume.state.inodes(after: nil, limit: 9) == [])
            #expect(volume.state.attributeNames(of: .root) == [] && volume.state.header.applied == 1)
            #expect(try volume.apply(.making(2)) == .failure(.stale))
            #expect(throws: VolumeStoreError.full(file: path)) { try volume.state.commit() }
        }
        let again = try SQLiteState(path: path)
        #expect(again.header.applied == 1 && again.attributeNames(of: .root) == [])
        #expect(Volume(again).faults() == [])
    }

    @Test("a file of something else, of a newer program, or none at all is refused, and stays as it was")
    func foreign() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("state")
        #expect(throws: VolumeStoreError.missing(file: path)) { try SQLiteState(path: path) }
        #expect(!FileManager.default.fileExists(atPath: path))
        try SQLiteJournal.create(path: path, volume: volumeID, after: 0, epoch: 1)
        #expect(throws: VolumeStoreError.foreign(file: path, "it is not the metadata of a volume")) {
            try SQLiteState(path: path)
        }
        let newer = directory.file("newer")
        try Beginning.create(state: newer)
        try Connection(path: newer, .write).execute("PRAGMA user_version = 9")
        for isReadOnly in [false, true] {
            #expect(
                throws: VolumeStoreError.foreign(file: newer, "it has schema 9, this program knows up to 1; upgrade the program")
            ) {
                try SQLiteState(path: newer, isReadOnly: isReadOnly)
            }
        }
        #expect(try Connection(path: newer, .read).integer("PRAGMA user_version") == 9)
    }

    @Test("who reads only sees one commit, and changes nothing")
    func readOnly() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("state")
        try Beginning.create(state: path)
        var volume = Volume(try SQLiteState(path: path))
        let reader = try SQLiteState(path: path, isReadOnly: true)
        _ = try volume.apply(.making(1)).get()
        try volume.state.commit()
        #expect(reader.header.applied == 0 && reader.inodes(after: nil, limit: 9).count == 1)
        reader.put(Session(id: session(1), node: node(1)))
        #expect(reader.failure != nil)
        #expect(try SQLiteState(path: path, isReadOnly: true).header.applied == 1)
    }

    @Test("commits are not synced one by one, and what is made durable is")
    func synchronous() throws {
        let directory = try TemporaryDirectory()
        try Beginning.create(state: directory.file("state"))
        let state = try SQLiteState(path: directory.file("state"))
        #expect(try state.connection.integer("PRAGMA synchronous") == 1)
        try state.makeDurable()
        #expect(try state.connection.integer("PRAGMA synchronous") == 1)
    }
}
