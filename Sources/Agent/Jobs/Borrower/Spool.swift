import FoundationEssentials
import Glibc
import Synchronization

/// A file of this node could not be used.
struct SpoolError: Error, CustomStringConvertible {
    let code: Int32
    let description: String

    init(_ action: String, _ code: Int32) {
        self.code = code
        description = "\(action): \(String(cString: strerror(code)))"
    }
}

/// A stream kept in a file, so that whoever reads it can come back to where it was. It only grows; its size is its state.
///
/// The end of the stream is a file beside it, for streams that need one to survive a restart.
final class Spool: Sendable {
    /// What is read or written at once, in bytes.
    static let chunk = 256 << 10

    private struct State {
        var size: Int64
        var isEnded: Bool
    }

    private let path: String
    private let descriptor: Int32
    private let state: Mutex<State>

    /// Opens the stream at `path`, or begins one there.
    init(_ path: String) throws(SpoolError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SpoolError("failed to open \(path)", errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw SpoolError("failed to open \(path)", code)
        }
        state = Mutex(State(size: Int64(status.st_size), isEnded: access(path + ".end", F_OK) == 0))
    }

    deinit { close(descriptor) }

    var size: Int64 { state.withLock { $0.size } }
    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Appends what is new of `data`, which begins at `offset` of the whole stream. What comes again is passed over.
    ///
    /// - Returns: whether anything was new; `nil` when something before it is missing, and nothing was written.
    func append(_ data: Data, at offset: Int64) async throws -> Bool? {
        try await onThread { [self] in
            try state.withLock { state in
                guard offset >= 0, offset <= state.size else { return nil }
                let known = state.size - offset
                guard known < Int64(data.count), !state.isEnded else { return false }
                let fresh = data.dropFirst(Int(known))
                try fresh.withUnsafeBytes { try write($0, at: state.size) }
                state.size += Int64(fresh.count)
                return true
            }
        }
    }

    /// Up to ``chunk`` bytes from `offset` on; empty when there are none yet.
    func read(from offset: Int64) async throws -> Data {
        let count = min(size - offset, Int64(Self.chunk))
        guard offset >= 0, count > 0 else { return Data() }
        return try await onThread { [self] in
            var data = Data(count: Int(count))
            let got = data.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
            guard got >= 0 else { throw SpoolError("failed to read \(path)", errno) }
            return data.prefix(got)
        }
    }

    /// Nothing follows, also after a restart.
    func end() async throws {
        try await onThread { [self] in
            let marker = open(path + ".end", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            guard marker >= 0 else { throw SpoolError("failed to create \(path).end", errno) }
            close(marker)
            state.withLock { $0.isEnded = true }
        }
    }

    /// Makes durable what was appended.
    func synchronise() async throws {
        guard size > 0 else { return }
        try await onThread { [self] in
            guard fdatasync(descriptor) == 0 else { throw SpoolError("failed to write \(path)", errno) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(SpoolError) {
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset) + written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SpoolError("failed to write \(path)", errno) }
            written += count
        }
    }
}
