import CFUSE
import Glibc
import Volumes

/// A part of a listing, as much as fits into what the kernel asked for.
package struct DirectoryPage: ~Copyable {
    /// Entries are wanted with what a lookup of them answers: each that is added so counts as a lookup.
    package let wantsAttributes: Bool
    private let request: fuse_req_t
    private let buffer: UnsafeMutableRawBufferPointer
    private(set) var used = 0
    /// Which inodes were looked up by it.
    private(set) var lookups: [InodeNumber] = []

    init(_ request: fuse_req_t, _ buffer: UnsafeMutableRawBufferPointer, wantsAttributes: Bool) {
        self.request = request
        self.buffer = buffer
        self.wantsAttributes = wantsAttributes
    }

    /// Adds an entry without looking it up.
    ///
    /// - Parameter cookie: With which the listing goes on after this entry.
    /// - Returns: Whether it fitted; if not, it is not part of the page, and the page is full.
    package mutating func add(_ name: FileName, _ number: InodeNumber, _ kind: FileKind, next cookie: DirectoryCookie) -> Bool {
        add(name.bytes, number, kind, next: Self.offset(cookie))
    }

    /// Adds an entry with what a lookup of it answers.
    ///
    /// - Returns: Whether it fitted; if not, it is not part of the page and does not count as a lookup, and the page is full.
    package mutating func add(_ name: FileName, _ entry: Entry, next cookie: DirectoryCookie) -> Bool {
        guard wantsAttributes else {
            return add(name.bytes, entry.attributes.inode.number, entry.attributes.inode.kind, next: Self.offset(cookie))
        }
        guard put(name.bytes, fuse_entry_param(entry), Self.offset(cookie)) else { return false }
        lookups.append(entry.attributes.inode.number)
        return true
    }

    mutating func add(_ name: [UInt8], _ number: InodeNumber, _ kind: FileKind, next offset: off_t) -> Bool {
        var entry = fuse_entry_param()
        entry.attr.st_ino = ino_t(number.rawValue)
        entry.attr.st_mode = mode_t(kind.rawValue) << 12
        return put(name, entry, offset)
    }

    /// Without an inode number in `entry` the kernel takes from it what readdir(3) shows, and no lookup.
    private mutating func put(_ name: [UInt8], _ entry: fuse_entry_param, _ offset: off_t) -> Bool {
        let (room, place) = (buffer.count - used, buffer.baseAddress.map { $0 + used })
        let start = place?.assumingMemoryBound(to: CChar.self)
        var entry = entry
        let size = withUnsafeTemporaryAllocation(of: CChar.self, capacity: name.count + 1) { text in
            for (index, byte) in name.enumerated() { text[index] = CChar(bitPattern: byte) }
            text[name.count] = 0
            return wantsAttributes
                ? fuse_add_direntry_plus(request, start, room, text.baseAddress, &entry, offset)
                : fuse_add_direntry(request, start, room, text.baseAddress, &entry.attr, offset)
        }
        guard size <= room else { return false }
        used += size
        return true
    }

    // MARK: Offsets

    /// Offsets of `.` and `..` come before those of the file system.
    static let afterSelf: off_t = 1
    static let afterParent: off_t = 2

    private static func offset(_ cookie: DirectoryCookie) -> off_t { afterParent + off_t(cookie.rawValue) }

    static func cookie(_ offset: off_t) -> DirectoryCookie { DirectoryCookie(rawValue: UInt64(max(0, offset - afterParent))) }
}
