import Glibc

/// One small file that only its owner may read. Writing replaces it as a whole: after a crash the old or the new content is
/// there, never a mixture.
struct SecretFile {
    let path: String

    private static let largest = 1 << 20

    /// The content; `nil` when there is no such file.
    func read() throws(IdentityError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("read") }
        guard status.st_mode & 0o077 == 0 else {
            throw IdentityError("failed to read \(path): others may read it, so the key in it is not secret: chmod 600 it")
        }
        guard status.st_size <= Self.largest else { throw IdentityError("failed to read \(path): it is too large") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + filled, $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("read") }
            filled += count
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Replaces the content, durably.
    func write(_ text: String) throws(IdentityError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("write") }
        do throws(IdentityError) {
            defer { close(descriptor) }
            let bytes = Array(text.utf8)
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure("write") }
                written += count
            }
            guard fsync(descriptor) == 0 else { throw failure("write") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else { throw failure("write") }
        try syncDirectory()
    }

    /// Removes the file, durably; it does not matter whether there was one.
    func remove() throws(IdentityError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw failure("remove") }
        try syncDirectory()
    }

    private func syncDirectory() throws(IdentityError) {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let descriptor = open(String(path[..<end]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("write") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write") }
    }

    private func failure(_ verb: String) -> IdentityError {
        IdentityError("failed to \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
