import Foundation

/// One large file, written and read from its start to its end.
struct SequentialWork {
    /// The file's path.
    let path: String
    /// Its size, in MiB.
    let mebibytes: Int
    let bytes: RandomBytes

    /// Writes it anew, and makes it durable.
    ///
    /// - Returns: MiB a second.
    func write() throws -> Double {
        unlink(path)
        try awaitRoom()
        return try Double(mebibytes)
            / seconds {
                let file = try PlainFile(path, O_WRONLY | O_CREAT | O_EXCL)
                for index in 0..<mebibytes { try file.write(bytes.next(PlainFile.chunk), at: index * PlainFile.chunk) }
                try file.sync()
            }
    }

    /// Reads all of it.
    ///
    /// - Returns: MiB a second.
    func read() throws -> Double {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PlainFile.chunk, alignment: PlainFile.page)
        defer { buffer.deallocate() }
        return try Double(mebibytes)
            / seconds {
                let file = try PlainFile(path, O_RDONLY)
                for index in 0..<mebibytes { try file.read(into: buffer, at: index * PlainFile.chunk) }
            }
    }

    /// What was removed may take its time to make room.
    private func awaitRoom() throws {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try Wait.until("\(directory) has room for \(mebibytes) MiB", within: 60) {
            var room = statvfs()
            guard statvfs(directory, &room) == 0 else { throw StorageFault.last("ask \(directory) for its room") }
            return Int(room.f_bavail) * Int(room.f_frsize) >= mebibytes * PlainFile.chunk
        }
    }
}
