import Crypto
import Foundation
import Glibc

/// The steps by which files of the ledger are copied, named and removed. Each is announced before it is taken: a test stops there,
/// as a crash would.
struct DurableFiles: Sendable {
    enum Step: Hashable, Sendable {
        case create, write, synchronize, rename, remove, protect
        /// Of SQLite, by what it is for.
        case database(String)
    }

    /// Called before each step with the file that it changes; what it throws ends the work.
    var before: @Sendable (Step, _ path: String) throws -> Void = { _, _ in }

    private static let portion = 1 << 20

    /// Announces a step that the caller takes by itself.
    func announce(_ step: Step, _ path: String) throws { try before(step, path) }

    /// Copies what is in a file to a new one, for its owner alone; durable once synchronized.
    func copy(_ source: String, to target: String) throws {
        try remove(target)
        try before(.create, target)
        let input = try Self.open(source, O_RDONLY)
        defer { close(input) }
        let output = try Self.open(target, O_WRONLY | O_CREAT | O_EXCL)
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: Self.portion)
        while case let count = Glibc.read(input, &buffer, buffer.count), count != 0 {
            guard count > 0 else { throw LedgerStoreError.disk(file: source, Self.reason()) }
            try before(.write, target)
            try Self.write(buffer[..<count], to: output, target)
        }
    }

    /// Makes what was written to a file, or the names in a directory, durable.
    func synchronize(_ path: String) throws {
        try before(.synchronize, path)
        try DataDirectory.synchronize(path)
    }

    func rename(_ path: String, to target: String) throws {
        try before(.rename, target)
        guard Glibc.rename(path, target) == 0 else { throw LedgerStoreError.disk(file: target, Self.reason()) }
    }

    /// Removes a file, if it is there.
    func remove(_ path: String) throws {
        guard access(path, F_OK) == 0 else { return }
        try before(.remove, path)
        guard unlink(path) == 0 || errno == ENOENT else { throw LedgerStoreError.disk(file: path, Self.reason()) }
    }

    /// Leaves a file readable to its owner alone.
    func protect(_ path: String) throws {
        try before(.protect, path)
        guard chmod(path, 0o400) == 0 else { throw LedgerStoreError.disk(file: path, Self.reason()) }
    }

    /// Whether a file was made read-only.
    static func isProtected(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o777 == 0o400
    }

    static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func size(_ path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    /// SHA-256 of a file's content.
    static func digest(_ path: String) throws -> [UInt8] {
        let input = try open(path, O_RDONLY)
        defer { close(input) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: portion)
        while case let count = Glibc.read(input, &buffer, buffer.count), count != 0 {
            guard count > 0 else { throw LedgerStoreError.disk(file: path, reason()) }
            hash.update(data: buffer[..<count])
        }
        return Array(hash.finalize())
    }

    static func open(_ path: String, _ flags: CInt) throws -> CInt {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LedgerStoreError.disk(file: path, reason()) }
        return descriptor
    }

    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt, _ path: String) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                throw errno == ENOSPC ? LedgerStoreError.full(file: path) : LedgerStoreError.disk(file: path, reason())
            }
            rest = rest.dropFirst(count)
        }
    }

    /// - Throws: also when there are not as many bytes.
    static func read(_ descriptor: CInt, at place: Int, _ count: Int, path: String) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let more = pread(descriptor, buffer.baseAddress! + initialized, count - initialized, off_t(place + initialized))
                guard more > 0 else { throw LedgerStoreError.disk(file: path, more < 0 ? reason() : "it is too short") }
                initialized += more
            }
        }
    }

    static func reason() -> String { String(cString: strerror(errno)) }
}
