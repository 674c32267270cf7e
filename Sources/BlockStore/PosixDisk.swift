import Foundation
import Glibc
import Resources

/// A directory of a mounted file system.
package struct PosixDisk: BlockDisk {
    package let path: String

    /// Makes the directory for its owner alone, if it is not there.
    package init(_ path: String) throws(BlockStoreError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .disk(file: path, error.localizedDescription)
        }
    }

    package func names() throws(BlockStoreError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .disk(file: path, error.localizedDescription)
        }
    }

    package func open(_ name: String, isNew: Bool) throws(BlockStoreError) -> any BlockFile {
        let full = path + "/" + name
        let descriptor = Glibc.open(full, O_RDWR | O_CLOEXEC | (isNew ? O_CREAT | O_EXCL : 0), 0o600)
        guard descriptor >= 0 else { throw PosixFile.failureForRoom(full) }
        return PosixFile(name: full, descriptor: descriptor)
    }

    package func rename(_ name: String, to other: String) throws(BlockStoreError) {
        guard Glibc.rename(path + "/" + name, path + "/" + other) == 0 else { throw PosixFile.failureForRoom(path + "/" + other) }
    }

    package func remove(_ name: String) throws(BlockStoreError) {
        guard unlink(path + "/" + name) == 0 || errno == ENOENT else { throw PosixFile.failure(path + "/" + name) }
    }

    package func synchronizeNames() throws(BlockStoreError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PosixFile.failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw PosixFile.failure(path) }
    }
}

/// An open file; closed when nobody has it any more.
final class PosixFile: BlockFile {
    let name: String
    private let descriptor: CInt

    init(name: String, descriptor: CInt) {
        self.name = name
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static func failure(_ path: String) -> BlockStoreError { .disk(file: path, String(cString: strerror(errno))) }

    /// The failure of what needs room, so many bytes of it.
    static func failureForRoom(_ path: String, needed: Int = 0) -> BlockStoreError {
        guard errno == ENOSPC || errno == EDQUOT else { return failure(path) }
        return .full(needed: Bytes(Int64(needed)), free: .zero)
    }

    func size() throws(BlockStoreError) -> Int64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(name) }
        return Int64(status.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at place: Int64) throws(BlockStoreError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(place) + done)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(name) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ parts: [UnsafeRawBufferPointer], at place: Int64) throws(BlockStoreError) {
        var vectors = parts.filter { !$0.isEmpty }.map {
            iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
        var (first, place) = (0, off_t(place))
        while first < vectors.count {
            let count = vectors[first...].withUnsafeBufferPointer {
                pwritev(descriptor, $0.baseAddress, CInt(min($0.count, 1024)), place)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw count < 0
                    ? Self.failureForRoom(name, needed: vectors[first...].reduce(0) { $0 + $1.iov_len }) : Self.failure(name)
            }
            place += off_t(count)
            var left = count
            while first < vectors.count, left >= vectors[first].iov_len {
                left -= vectors[first].iov_len
                first += 1
            }
            if left > 0 {
                vectors[first].iov_base += left
                vectors[first].iov_len -= left
            }
        }
    }

    func reserve(_ size: Int64) throws(BlockStoreError) {
        var fault = posix_fallocate(descriptor, 0, off_t(size))
        while fault == EINTR { fault = posix_fallocate(descriptor, 0, off_t(size)) }
        guard fault != 0, fault != EOPNOTSUPP, fault != EINVAL else { return }
        errno = fault
        throw Self.failureForRoom(name, needed: Int(size))
    }

    func truncate(to size: Int64) throws(BlockStoreError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw Self.failure(name) }
    }

    func synchronize() throws(BlockStoreError) {
        guard fdatasync(descriptor) == 0 else { throw Self.failure(name) }
    }
}
