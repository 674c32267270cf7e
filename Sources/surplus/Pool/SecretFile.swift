import Glibc

/// A file that only its owner can read and that was not there before.
struct SecretFile {
    private let path: String
    private let descriptor: Int32

    /// - Throws: ``Failure`` when there is something at `path` already, or nothing can be put there.
    init(creating path: String) throws(Failure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            guard errno != EEXIST else {
                throw Failure(object: path, fault: "exists already", remedy: "name a file that does not")
            }
            throw Failure(path, errno: errno)
        }
    }

    /// Writes all there is to write, to the disk, and closes the file.
    func write(_ text: String) throws(Failure) {
        let code = Terminal.write(text, to: descriptor)
        let synced = fsync(descriptor) == 0 ? 0 : errno
        close(descriptor)
        guard code == 0, synced == 0 else { throw Failure(path, errno: code == 0 ? synced : code) }
    }

    func remove() { unlink(path) }

    /// The contents of a secret that somebody handed over: a file, or standard input for `-`.
    ///
    /// - Parameter limit: larger ones are refused.
    static func read(_ path: String, atMost limit: Int = 65_536) throws(Failure) -> String {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path, errno: errno) }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(path, errno: errno) }
            bytes += buffer[..<count]
        }
        guard bytes.count <= limit else {
            throw Failure(object: path, fault: "larger than \(limit) bytes", remedy: "give the file that was made")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure(object: path, fault: "no text") }
        return text.trimmed
    }
}
