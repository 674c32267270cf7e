import Foundation

/// A file that is there as a whole or not at all: what is there already stays until there is something in its place.
struct ReportFile {
    let path: String

    /// Sees that it can be written, and writes nothing.
    ///
    /// - Throws: with the path and why it cannot be written.
    init(_ path: String) throws(Misuse) {
        guard !path.isEmpty else { throw Misuse("--report needs the name of a file") }
        // A link stays a link: what it leads to is written.
        self.path =
            realpath(path, nil).map { found in
                defer { free(found) }
                return String(cString: found)
            } ?? path
        var status = stat()
        if stat(self.path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw Misuse("\(path): is not an ordinary file; name one to write the report to")
            }
            guard access(self.path, W_OK) == 0 else { throw Self.failure(path) }
        }
        let trial = part
        try Self.write("", to: trial, for: path)
        unlink(trial)
    }

    /// Puts it in the place of what is there.
    func write(_ text: String) throws(Misuse) {
        let part = part
        do throws(Misuse) {
            try Self.write(text, to: part, for: path)
            guard rename(part, path) == 0 else { throw Self.failure(path) }
        } catch {
            unlink(part)
            throw error
        }
    }

    /// A new name in the same directory, as only within a file system something takes the place of something else at once.
    private var part: String {
        let directory = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        return "\(directory).surplus-sim-\(UUID().uuidString).part"
    }

    private static func write(_ text: String, to part: String, for path: String) throws(Misuse) {
        let file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw failure(path) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        } catch {
            throw Misuse("\(path): failed to write the report: \(error.localizedDescription)")
        }
    }

    private static func failure(_ path: String) -> Misuse {
        Misuse("\(path): failed to write the report: \(String(cString: strerror(errno)))")
    }
}
