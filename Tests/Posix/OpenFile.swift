import CCalls
import Glibc

/// An open file, closed when nobody has it any more.
final class OpenFile: Sendable {
    let descriptor: Int32

    init(_ path: String, _ flags: Int32, _ mode: mode_t = 0o644) throws(Fault) {
        descriptor = try sys("open") { open(path, flags | O_CLOEXEC, mode) }
    }

    deinit { close(descriptor) }

    var status: stat {
        get throws(Fault) {
            var status = stat()
            try sys("fstat") { fstat(descriptor, &status) }
            return status
        }
    }

    var size: Int { get throws(Fault) { Int(try status.st_size) } }

    // MARK: Content

    /// Writes where the file stands.
    @discardableResult
    func write(_ bytes: [UInt8]) throws(Fault) -> Int { try sys("write") { Glibc.write(descriptor, bytes, bytes.count) } }

    @discardableResult
    func write(_ text: String) throws(Fault) -> Int { try write(Array(text.utf8)) }

    @discardableResult
    func write(_ bytes: [UInt8], at offset: Int) throws(Fault) -> Int {
        try sys("pwrite") { pwrite(descriptor, bytes, bytes.count, off_t(offset)) }
    }

    @discardableResult
    func write(_ text: String, at offset: Int) throws(Fault) -> Int { try write(Array(text.utf8), at: offset) }

    /// Reads where the file stands, in one call.
    func read(_ count: Int) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try sys("read") { Glibc.read(descriptor, &bytes, count) }
        return Array(bytes[..<got])
    }

    func read(_ count: Int, at offset: Int) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try sys("pread") { pread(descriptor, &bytes, count, off_t(offset)) }
        return Array(bytes[..<got])
    }

    /// All of a short file.
    func text() throws(Fault) -> String { String(decoding: try read(65_536, at: 0), as: UTF8.self) }

    @discardableResult
    func seek(_ offset: Int, _ whence: Int32) throws(Fault) -> Int {
        Int(try sys("lseek") { lseek(descriptor, off_t(offset), whence) })
    }

    // unistd.h
    static let data: Int32 = 3
    static let hole: Int32 = 4

    func synchronize() throws(Fault) { try sys("fsync") { fsync(descriptor) } }

    // MARK: Attributes

    func truncate(_ size: Int) throws(Fault) { try sys("ftruncate") { ftruncate(descriptor, off_t(size)) } }
    func chmod(_ mode: mode_t) throws(Fault) { try sys("fchmod") { fchmod(descriptor, mode) } }

    func chown(_ user: uid_t?, _ group: gid_t?) throws(Fault) {
        try sys("fchown") { fchown(descriptor, user ?? .max, group ?? .max) }
    }

    func utimens(_ times: [timespec]?) throws(Fault) { try sys("futimens") { futimens(descriptor, times) } }

    struct AllocationFlags: OptionSet, Sendable {
        let rawValue: Int32
        // linux/falloc.h
        static let keepSize = AllocationFlags(rawValue: 0x01)
        static let punchHole = AllocationFlags(rawValue: 0x02)
        static let collapse = AllocationFlags(rawValue: 0x08)
        static let zero = AllocationFlags(rawValue: 0x10)
    }

    func allocate(_ flags: AllocationFlags, _ offset: Int, _ length: Int) throws(Fault) {
        try sys("fallocate") { calls_fallocate(descriptor, flags.rawValue, off_t(offset), off_t(length)) }
    }
}

/// A directory that is being read.
final class OpenDirectory {
    private let stream: OpaquePointer

    init(_ path: String) throws(Fault) {
        guard let stream = opendir(path) else { throw Fault(call: "opendir", number: errno) }
        self.stream = stream
    }

    deinit { closedir(stream) }

    /// The next entry: its name, inode and type as in a mode.
    func next() -> (name: [UInt8], inode: UInt64, type: mode_t)? {
        guard let entry = readdir(stream) else { return nil }
        let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        return (name, UInt64(entry.pointee.d_ino), mode_t(entry.pointee.d_type) << 12)
    }

    /// What has not been read yet.
    func rest() throws(Fault) -> [String] {
        var names: [String] = []
        while let entry = next() { names.append(String(decoding: entry.name, as: UTF8.self)) }
        return names
    }

    var place: Int { telldir(stream) }
    func seek(_ place: Int) { seekdir(stream, place) }
    func rewind() { rewinddir(stream) }
    var descriptor: Int32 { dirfd(stream) }
}
