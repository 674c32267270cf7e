import Resources
import Testing
import Volumes

/// A volume and plain files that are told the same.
private struct Pair {
    var volume = Volume()
    var plain = PlainFiles()
    /// Which inode is which plain file.
    var inodes: [Int: InodeNumber] = [0: .root]
    var blocks: [BlockID: [UInt8]] = [:]
    var random: SeededGenerator
    private var made = 0
    private let names = ["a", "b", "c", "d"]

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Directories mostly: files are picked to have refusals.
    private mutating func pick() -> Int {
        let directories = inodes.keys.filter { plain.files[$0]?.isDirectory == true }
        let some = Int.random(in: 0..<4, using: &random) == 0 ? Array(inodes.keys) : directories
        return some.sorted().randomElement(using: &random) ?? 0
    }

    private mutating func name() -> String { names.randomElement(using: &random) ?? "a" }

    /// Does something at random to both.
    ///
    /// - Returns: what each said of it.
    mutating func step() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<3: try make()
        case 3: try link()
        case 4: try remove()
        case 5, 6: try rename()
        case 7..<10: try write()
        case 10: try resize()
        default: try punch()
        }
    }

    private mutating func compare(
        _ operation: Operation, _ body: (inout PlainFiles) throws(PosixError) -> Void
    ) -> (operation: String, volume: PosixError?, plain: PosixError?) {
        var (first, second): (PosixError?, PosixError?) = (nil, nil)
        if case .failure(let error) = volume.perform(operation) { first = error }
        do throws(PosixError) { try body(&plain) } catch { second = error }
        inodes = inodes.filter { plain.files[$0.key] != nil }
        return ("\(operation)", first, second)
    }

    private func number(_ file: Int) -> InodeNumber { inodes[file] ?? .root }

    private mutating func make() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        let (parent, name, isDirectory) = (pick(), name(), Bool.random(using: &random))
        made += 1
        let (file, inode) = (made, volume.state.header.nextInode)
        let new = NewInode(
            parent: number(parent), name: try FileName(name), number: inode, kind: isDirectory ? .directory : .regular,
            permissions: 0o755, owner: 0, group: 0)
        let result = compare(.make(new)) { plain throws(PosixError) in
            try plain.make(file, name, in: parent, isDirectory: isDirectory)
        }
        if result.volume == nil { inodes[file] = inode }
        return result
    }

    private mutating func link() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        let (file, parent, name) = (pick(), pick(), name())
        return compare(.link(number(file), parent: number(parent), name: try FileName(name))) { plain throws(PosixError) in
            try plain.link(file, name, in: parent)
        }
    }

    private mutating func remove() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        let (parent, name, isDirectory) = (pick(), try FileName(name()), Bool.random(using: &random))
        let operation: Operation =
            isDirectory
            ? .removeDirectory(parent: number(parent), name: name, isOpen: false)
            : .unlink(parent: number(parent), name: name, isOpen: false)
        return compare(operation) { plain throws(PosixError) in
            try plain.remove(name.description, in: parent, isDirectory: isDirectory)
        }
    }

    private mutating func rename() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        let from = (pick(), name())
        let to = (Bool.random(using: &random) ? from.0 : pick(), name())
        let mode = [Rename.Mode.replace, .replace, .noReplace, .exchange].randomElement(using: &random) ?? .replace
        let rename = Rename(
            parent: number(from.0), name: try FileName(from.1), newParent: number(to.0), newName: try FileName(to.1), mode: mode)
        return compare(.rename(rename)) { plain throws(PosixError) in try plain.rename(from, to: to, mode) }
    }

    // MARK: Content

    private mutating func file() -> Int? {
        inodes.keys.sorted().filter { plain.files[$0]?.isDirectory == false }.randomElement(using: &random)
    }

    /// Some parts in one block, with gaps in the file between them.
    private mutating func write() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        guard let file = file() else { return ("", nil, nil) }
        let id = block(UInt64(blocks.count))
        let bytes = (0..<Int.random(in: 1...48, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
        blocks[id] = bytes
        var (place, used, parts) = (Int.random(in: 0..<64, using: &random), 0, [(offset: Int, range: Range<Int>)]())
        while used < bytes.count {
            let end = Int.random(in: used + 1...bytes.count, using: &random)
            parts.append((place, used..<end))
            place += end - used + Int.random(in: 0...5, using: &random)
            used = end
        }
        let extents = parts.map {
            Extent(
                offset: UInt64($0.offset), length: UInt64($0.range.count), source: .block(id, offset: UInt32($0.range.lowerBound))
            )
        }
        let new = NewBlock(id: id, length: UInt32(bytes.count), checksum: 0, replicas: [node(1)])
        let write = FileWrite(inode: number(file), extents: extents)
        return compare(.write([write], blocks: [new], promised: 0)) { plain in
            for part in parts { plain.write(Array(bytes[part.range]), at: part.offset, to: file) }
        }
    }

    private mutating func resize() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        guard let file = file() else { return ("", nil, nil) }
        let size = Int.random(in: 0..<100, using: &random)
        return compare(.setAttributes(number(file), .size(UInt64(size)))) { $0.resize(file, to: size) }
    }

    private mutating func punch() throws -> (operation: String, volume: PosixError?, plain: PosixError?) {
        guard let file = file() else { return ("", nil, nil) }
        let start = Int.random(in: 0..<80, using: &random)
        let range = start..<(start + Int.random(in: 1...20, using: &random))
        if Bool.random(using: &random) {
            return compare(.punch(number(file), UInt64(range.lowerBound)..<UInt64(range.upperBound))) { $0.zero(range, of: file) }
        }
        let (bytes, zeroes) = (UInt64(range.lowerBound)..<UInt64(range.upperBound), Bool.random(using: &random))
        return compare(.allocate(number(file), bytes, keepsSize: false, zeroes: zeroes)) { plain in
            if zeroes { plain.zero(range, of: file) }
            plain.resize(file, to: max(range.upperBound, plain.files[file]?.content.count ?? 0))
        }
    }

    /// What a file reads as.
    func content(of number: InodeNumber) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(volume.state.inode(number)?.size ?? 0))
        for extent in volume.state.extents(of: number, in: 0..<UInt64.max, limit: .max) {
            guard case .block(let id, let start) = extent.source, let block = blocks[id] else { continue }
            let part = block[Int(start)..<Int(start) + Int(extent.length)]
            bytes.replaceSubrange(Int(extent.offset)..<Int(extent.end), with: part)
        }
        return bytes
    }

    func expectAlike() {
        for (file, number) in inodes {
            guard let plain = plain.files[file] else { continue }
            if plain.isDirectory {
                let entries = volume.state.entries(in: number, after: nil, limit: .max)
                let expected = plain.entries.compactMapValues { inodes[$0] }
                #expect(entries.map(\.name.description) == expected.keys.sorted())
                #expect(entries.allSatisfy { expected[$0.name.description] == $0.inode })
            } else {
                #expect(content(of: number) == plain.content)
                #expect(volume.state.inode(number)?.links == UInt32(plain.names))
            }
        }
        #expect(volume.state.inodes(after: nil, limit: .max).count == inodes.count)
    }
}

@Suite("A volume beside plain files")
struct PlainFilesTests {
    @Test(
        "whatever is done to both, they say the same, have the same, and the volume holds together",
        arguments: 0..<60 as Range<UInt64>)
    func alike(seed: UInt64) throws {
        var pair = Pair(seed: seed)
        for step in 0..<400 {
            let before = pair.volume.snapshot
            let said = try pair.step()
            try #require(said.volume == said.plain, "seed \(seed), step \(step): \(said.operation)")
            if said.volume != nil { try #require(pair.volume.snapshot == before, "seed \(seed), step \(step)") }
            if step % 20 == 0 {
                pair.expectAlike()
                try #require(pair.volume.faults() == [], "seed \(seed), step \(step)")
            }
        }
    }
}
