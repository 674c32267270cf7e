import Foundation

/// One large file, written and read from its start to its end.
struct SequentialWork {
    /// The file's path.
    let path: String
    /// Its size, in MiB.
    let mebibytes: Int
    let bytes: RandomBytes

    /// Makes it, and makes it durable.
    ///
    /// - Returns: MiB a second.
    func write() throws -> Double {
        try Double(mebibytes)
            / secondsTaken {
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
            / secondsTaken {
                let file = try PlainFile(path, O_RDONLY)
                for index in 0..<mebibytes { try file.read(into: buffer, at: index * PlainFile.chunk) }
            }
    }
}
