import Foundation

/// A file read and written by the plain system calls, with nothing in between that buffers.
final class PlainFile {
    /// The size of the small reads and writes, in bytes.
    static let page = 4096
    /// The size of the large reads and writes, in bytes.
    static let chunk = 1 << 20

    private let path: String
    private let descriptor: Int32

    init(_ path: String, _ flags: Int32) throws(StorageFault) {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .last("open \(path)") }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageFault) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            guard count > 0 else { throw .last("write \(path)") }
            done += count
        }
    }

    /// Fills a buffer from an offset on.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StorageFault) {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            guard count >= 0 else { throw .last("read \(path)") }
            guard count > 0 else { throw StorageFault("\(path) ends at \(offset + done)") }
            done += count
        }
    }

    /// Returns once what was written is durable.
    func sync() throws(StorageFault) {
        guard fsync(descriptor) == 0 else { throw .last("make \(path) durable") }
    }

    /// Has the kernel forget the content that it keeps, so that the next read asks the file system.
    func forget() { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
}
