import Glibc

/// Reads files that people write, without trusting them to be what they should be.
enum SourceFile {
    /// Far more than any configuration needs.
    static let largestSize = 1 << 20

    /// The bytes of a regular file of at most ``largestSize``.
    static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        func fail(_ message: String) -> ConfigurationError { ConfigurationError(file: path, message) }
        func explain(_ action: String) -> ConfigurationError { fail("failed to \(action): \(String(cString: strerror(errno)))") }

        guard !path.isEmpty, !path.utf8.contains(0) else { throw fail("the path is empty or contains a NUL byte") }
        // Without O_NONBLOCK opening a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw explain("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw explain("inspect") }
        guard status.st_mode & S_IFMT == Glibc.S_IFREG else { throw fail("is not a regular file") }

        // The size is a claim that may change or, in /proc, be zero: what is read counts.
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw explain("read")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= largestSize else { throw fail("is larger than \(largestSize >> 20) MiB") }
        }
    }

    /// `path` made absolute: relative paths start at `directory`.
    static func resolve(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") ? path : directory + (directory.hasSuffix("/") ? "" : "/") + path
    }

    /// The absolute path of the directory that holds `path`.
    static func directory(of path: String) -> String {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        if path.hasPrefix("/") { return directory.isEmpty ? "/" : directory }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return directory }
        let current = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return directory == "." ? current : resolve(directory, in: current)
    }
}
