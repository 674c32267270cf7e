internal import CLinux
internal import Glibc

/// `errno` of a system call that failed.
struct SystemFault: Error, Hashable {
    let code: Int32

    static var last: SystemFault { SystemFault(code: errno) }

    var text: String { String(cString: strerror(code)) }

    func describing(_ action: String, _ path: String) -> FileTransferError {
        FileTransferError(.system(code), "failed to \(action) '\(path)': \(text)")
    }
}

/// An open file or directory. Everything below a directory is reached without following symbolic links and without
/// leaving it, whatever others do to the tree meanwhile (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
final class Descriptor: Sendable {
    let number: Int32

    private init(_ number: Int32) throws(SystemFault) {
        guard number >= 0 else { throw .last }
        self.number = number
    }

    deinit { Glibc.close(number) }

    /// Opens a directory that this side trusts; links on the way to it are followed.
    static func directory(_ path: String) throws(SystemFault) -> Descriptor {
        try Descriptor(Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    /// Opens what is at `path` below this directory.
    func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SystemFault) -> Descriptor {
        let resolve = UInt64(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
        while true {
            let opened = surplus_openat2(number, path, UInt64(flags | O_CLOEXEC | O_NOFOLLOW), UInt64(mode), resolve)
            // EAGAIN: something was renamed on the way, so the kernel could not tell whether the path stays below.
            if opened < 0, errno == EINTR || errno == EAGAIN { continue }
            return try Descriptor(opened)
        }
    }

    /// What the entry `name` of this directory is, without opening it; of a link itself.
    func status(of name: String) throws(SystemFault) -> stat {
        var status = stat()
        guard fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last }
        return status
    }

    func status() throws(SystemFault) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw .last }
        return status
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemFault) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(number, bytes.baseAddress! + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last }
            written += count
        }
    }

    /// Reads until `buffer` is full or the file ends.
    ///
    /// - Returns: how many bytes were read.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemFault) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = Glibc.read(number, buffer.baseAddress! + filled, buffer.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    func synchronise() throws(SystemFault) {
        guard fsync(number) == 0 else { throw .last }
    }

    func setMode(_ mode: mode_t) throws(SystemFault) {
        guard fchmod(number, mode) == 0 else { throw .last }
    }

    func makeDirectory(_ name: String) throws(SystemFault) {
        guard mkdirat(number, name, 0o700) == 0 else { throw .last }
    }

    func makeLink(_ name: String, to target: String) throws(SystemFault) {
        guard symlinkat(target, number, name) == 0 else { throw .last }
    }

    func rename(_ name: String, to other: String) throws(SystemFault) {
        guard renameat(number, name, number, other) == 0 else { throw .last }
    }

    func remove(_ name: String) throws(SystemFault) {
        guard unlinkat(number, name, 0) == 0 else { throw .last }
    }

    /// Where the link `name` in this directory leads to.
    func target(ofLink name: String) throws(SystemFault) -> [UInt8] {
        let capacity = Int(PATH_MAX)
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
            count = buffer.withMemoryRebound(to: CChar.self) { readlinkat(number, name, $0.baseAddress!, capacity) }
            filled = max(0, count)
        }
        guard count >= 0 else { throw .last }
        return bytes
    }

    /// The names in this directory, sorted by their bytes; at most `limit`.
    ///
    /// - Returns: `nil` when there are more.
    func names(atMost limit: Int) throws(SystemFault) -> [[UInt8]]? {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last }
        guard let stream = fdopendir(copy) else {
            let fault = SystemFault.last
            close(copy)
            throw fault
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == [0x2e] || name == [0x2e, 0x2e] { continue }
            guard names.count < limit else { return nil }
            names.append(name)
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
