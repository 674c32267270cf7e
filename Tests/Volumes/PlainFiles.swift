import Resources
import Volumes

/// Files as simple as they can be: bytes in arrays and names in dictionaries, written from the manual pages and not from the product.
struct PlainFiles {
    struct File {
        var isDirectory = false
        var entries: [String: Int] = [:]
        var content: [UInt8] = []
        var names = 0
    }

    /// By a number that is never used again; 0 is the root.
    var files: [Int: File] = [0: File(isDirectory: true, names: 1)]

    mutating func make(_ number: Int, _ name: String, in parent: Int, isDirectory: Bool) throws(PosixError) {
        try enter(parent)
        guard files[parent]?.entries[name] == nil else { throw .exists }
        files[number] = File(isDirectory: isDirectory, names: 1)
        files[parent]?.entries[name] = number
    }

    private func enter(_ parent: Int) throws(PosixError) {
        guard let file = files[parent] else { throw .stale }
        guard file.isDirectory else { throw .notDirectory }
    }

    private func find(_ name: String, in parent: Int) throws(PosixError) -> Int {
        try enter(parent)
        guard let number = files[parent]?.entries[name] else { throw .noEntry }
        return number
    }

    mutating func link(_ number: Int, _ name: String, in parent: Int) throws(PosixError) {
        guard let file = files[number] else { throw .stale }
        try enter(parent)
        guard !file.isDirectory else { throw .notPermitted }
        guard files[parent]?.entries[name] == nil else { throw .exists }
        files[parent]?.entries[name] = number
        files[number]?.names += 1
    }

    mutating func remove(_ name: String, in parent: Int, isDirectory: Bool) throws(PosixError) {
        let number = try find(name, in: parent)
        guard let file = files[number] else { throw .stale }
        guard file.isDirectory == isDirectory else { throw isDirectory ? .notDirectory : .isDirectory }
        guard file.entries.isEmpty else { throw .notEmpty }
        files[parent]?.entries[name] = nil
        drop(number)
    }

    private mutating func drop(_ number: Int) {
        files[number]?.names -= 1
        if files[number]?.names == 0 { files[number] = nil }
    }

    private func isWithin(_ number: Int, _ directory: Int) -> Bool {
        number == directory || files[directory]?.entries.values.contains { isWithin(number, $0) } ?? false
    }

    mutating func rename(_ rename: (Int, String), to new: (Int, String), _ mode: Rename.Mode) throws(PosixError) {
        try enter(rename.0)
        try enter(new.0)
        let moved = try find(rename.1, in: rename.0)
        let replaced = files[new.0]?.entries[new.1]
        if files[moved]?.isDirectory == true, isWithin(new.0, moved) { throw .invalid }
        if mode == .noReplace, replaced != nil { throw .exists }
        if mode == .exchange {
            guard let replaced else { throw .noEntry }
            if files[replaced]?.isDirectory == true, isWithin(rename.0, replaced) { throw .invalid }
            files[rename.0]?.entries[rename.1] = replaced
            files[new.0]?.entries[new.1] = moved
            return
        }
        if let replaced {
            if replaced == moved { return }
            let (isDirectory, other) = (files[moved]?.isDirectory ?? false, files[replaced] ?? File())
            guard isDirectory || !other.isDirectory else { throw .isDirectory }
            guard !isDirectory || other.isDirectory else { throw .notDirectory }
            guard other.entries.isEmpty else { throw .notEmpty }
            drop(replaced)
        }
        files[rename.0]?.entries[rename.1] = nil
        files[new.0]?.entries[new.1] = moved
    }

    mutating func write(_ bytes: [UInt8], at offset: Int, to number: Int) {
        resize(number, to: max(offset + bytes.count, files[number]?.content.count ?? 0))
        files[number]?.content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    mutating func resize(_ number: Int, to size: Int) {
        let count = files[number]?.content.count ?? 0
        if size < count { files[number]?.content.removeLast(count - size) }
        if size > count { files[number]?.content += [UInt8](repeating: 0, count: size - count) }
    }

    mutating func zero(_ range: Range<Int>, of number: Int) {
        let part = range.clamped(to: 0..<(files[number]?.content.count ?? 0))
        files[number]?.content.replaceSubrange(part, with: [UInt8](repeating: 0, count: part.count))
    }
}
