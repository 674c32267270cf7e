import Glibc

/// Small files that are there in whole or not at all, whatever crashes.
package enum StateFile {
    /// Larger files are refused.
    private static let largest = 16 << 20

    /// Replaces the file at `path`: written beside it, synced, renamed over it, the directory synced.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600, owner: uid_t? = nil) throws(KernelError) {
        let draft = path + ".new"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw KernelError("make \(draft)", errno) }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            guard result > 0 || errno == EINTR else { throw KernelError("write \(draft)", errno) }
            written += max(result, 0)
        }
        guard fchmod(descriptor, mode) == 0 else { throw KernelError("set the permissions of \(draft)", errno) }
        if let owner, fchown(descriptor, owner, gid_t.max) != 0 { throw KernelError("give away \(draft)", errno) }
        guard fsync(descriptor) == 0 else { throw KernelError("sync \(draft)", errno) }
        guard rename(draft, path) == 0 else { throw KernelError("rename \(draft) to \(path)", errno) }
        try syncDirectory(of: path)
    }

    /// The content, or `nil` when there is no such file.
    package static func read(_ path: String) throws(KernelError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw KernelError("open \(path)", errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw KernelError("look at \(path)", errno) }
        guard status.st_size <= largest else { throw KernelError("read \(path)", EFBIG) }
        var result = 0
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            result = pread(descriptor, buffer.baseAddress, size, 0)
            count = max(result, 0)
        }
        guard result == size else { throw KernelError("read \(path)", result < 0 ? errno : EIO) }
        return bytes
    }

    /// Removes a file durably; harmless when it is gone.
    package static func remove(_ path: String) throws(KernelError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw KernelError("remove \(path)", errno) }
        try syncDirectory(of: path)
    }

    private static func syncDirectory(of path: String) throws(KernelError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open \(directory)", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw KernelError("sync \(directory)", errno) }
    }
}
