import Foundation
import Glibc
import Synchronization

/// The directory that holds a node's ledger, owned by one process at a time.
///
/// The lock is advisory (`flock`) on the file `lock`, which holds the owner's process id for people to read. The
/// kernel drops it when the process ends, however it ends.
final class DataDirectory: Sendable {
    let path: String
    private let lock: Mutex<CInt?>

    /// Creates the directory with mode 0700 if it is not there, and locks it.
    ///
    /// - Throws: ``LedgerStoreError`` when others may enter it, it cannot be written, or another process has it.
    init(path: String) throws(LedgerStoreError) {
        self.path = path
        try Self.create(path)
        lock = Mutex(try Self.acquire(path))
    }

    deinit { unlock() }

    /// Lets others open the directory.
    func unlock() {
        guard let descriptor = lock.withLock({ $0.take() }) else { return }
        // closing alone would leave the lock with a child that was forked a moment ago, until it executes
        flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Makes created, renamed and removed names durable.
    func synchronize() throws(LedgerStoreError) { try Self.synchronize(path) }

    /// Makes what was written to a file or directory durable.
    static func synchronize(_ path: String) throws(LedgerStoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .directory(path, reason()) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .directory(path, reason()) }
    }

    private static func create(_ path: String) throws(LedgerStoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            let remedy = errno == EROFS ? "mount it writable" : "create it and make this user its owner"
            throw .directory(path, "\(reason()); \(remedy), or choose another directory")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .directory(path, reason()) }
        guard status.st_mode & 0o077 == 0 else {
            throw .directory(path, "others may enter it (mode \(String(status.st_mode & 0o777, radix: 8))); run chmod 0700 on it")
        }
    }

    private static func acquire(_ path: String) throws(LedgerStoreError) -> CInt {
        let file = path + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .directory(path, "\(reason()); make it writable for this user") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let busy = errno == EWOULDBLOCK
            let fault = reason()
            defer { Glibc.close(descriptor) }
            guard busy else { throw .directory(path, fault) }
            throw .locked(directory: path, holder: holder(descriptor))
        }
        let text = "\(getpid())\n"
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.utf8.count, 0) == text.utf8.count else {
            defer { Glibc.close(descriptor) }
            throw .directory(path, "the lock file cannot be written: \(reason())")
        }
        return descriptor
    }

    /// Who says in the lock file that it has the lock.
    private static func holder(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).prefix { $0 != "\n" }
        return Int32(text).map { "process \($0)" } ?? "another process"
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
