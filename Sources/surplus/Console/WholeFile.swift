import Glibc

/// Files that are there as a whole or not at all.
enum WholeFile {
    /// Writes a file in place of one that may be there: beside it first, then under its name. One that is there keeps its
    /// permissions.
    ///
    /// - Throws: ``Failure`` that names the file; what was there is as it was then.
    static func write(_ text: String, to path: String) throws(Failure) {
        var found = stat()
        let isThere = stat(path, &found) == 0
        if isThere, found.st_mode & S_IFMT == S_IFDIR { throw Failure(path, errno: EISDIR) }
        // not over a device or a pipe: there is nothing to be replaced
        if isThere, found.st_mode & S_IFMT != S_IFREG { return try fill(path, O_WRONLY, text, named: path) }
        let draft = "\(path).\(getpid()).draft"
        do throws(Failure) {
            try fill(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, text, named: path)
            if isThere { chmod(draft, found.st_mode & 0o7777) }
            guard rename(draft, path) == 0 else { throw Failure(path, errno: errno) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// - Parameter name: of the file that was asked for.
    private static func fill(_ path: String, _ flags: Int32, _ text: String, named name: String) throws(Failure) {
        let descriptor = open(path, flags, 0o666)
        guard descriptor >= 0 else { throw Failure(name, errno: errno) }
        var code = Terminal.write(text, to: descriptor)
        if code == 0, fsync(descriptor) != 0, errno != EINVAL { code = errno }
        if close(descriptor) != 0, code == 0 { code = errno }
        guard code == 0 else { throw Failure(name, errno: code) }
    }
}
