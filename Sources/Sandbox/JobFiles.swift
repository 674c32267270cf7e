import Glibc
import Kernel
import Resources

/// Where the files of a job are, all in its directory.
///
/// The directory and those above it must be searchable by the guest's user (mode 0711); everything in it but `work` belongs to
/// others than the guest.
package struct JobFiles: Hashable, Sendable {
    package enum Output: String, Hashable, Sendable, CaseIterable {
        case stdout, stderr
    }

    package let directory: String
    package init(directory: String) { self.directory = directory }

    /// The program's working directory.
    package var work: String { directory + "/work" }
    /// What the shim is to do; written by the warden, locked by the shim for as long as it lives.
    package var plan: String { directory + "/plan" }
    /// The shim's record of the program's end.
    package var exit: String { directory + "/exit" }
    /// Disk space that the shim keeps back for that record.
    var reserve: String { directory + "/reserve" }
    package var socket: String { directory + "/shim.sock" }

    package func path(of output: Output) -> String { "\(directory)/\(output.rawValue)" }

    /// What is in an output at a position, at most `count` bytes; empty at its end or before it was made.
    package func read(_ output: Output, at position: Int64, atMost count: Int) throws(KernelError) -> [UInt8] {
        let path = path(of: output)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw KernelError("open \(path)", errno)
        }
        defer { close(descriptor) }
        var fault: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let result = pread(descriptor, buffer.baseAddress, count, off_t(position))
            if result < 0 { fault = errno }
            filled = max(result, 0)
        }
        guard fault == 0 else { throw KernelError("read \(path)", fault) }
        return bytes
    }

    /// Puts in place what the shim is to do; on disk when this returns.
    package func write(_ spec: ShimSpec) throws(KernelError) {
        try StateFile.write(Self.planDocument.encode(spec), to: plan)
    }

    /// - Throws: ``KernelError`` when there is no plan or it cannot be understood.
    package func spec() throws(KernelError) -> ShimSpec {
        guard let spec: ShimSpec = try read(plan, Self.planDocument) else { throw KernelError("read \(plan)", ENOENT) }
        return spec
    }

    func write(_ record: ExitRecord, for owner: uid_t) throws(KernelError) {
        try StateFile.write(Self.exitDocument.encode(record), to: exit, owner: owner)
    }

    /// How the program ended; `nil` while it has not.
    ///
    /// - Throws: ``KernelError`` when the record cannot be read or understood.
    package func exitRecord() throws(KernelError) -> ExitRecord? { try read(exit, Self.exitDocument) }

    /// Whether a shim is alive for this job: it holds a lock on its plan. One that was started a moment ago may not hold it yet.
    package var isAttended: Bool {
        let descriptor = open(plan, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Read by nobody but the shim that it is written for, which is of the same release; of the newest form of frames.
    private static let planDocument = Document(kind: "surplus.job.plan", version: 4)
    private static let exitDocument = Document(kind: "surplus.job.exit", version: 1)

    private func read<Value: Canonical>(_ path: String, _ document: Document) throws(KernelError) -> Value? {
        guard let bytes = try StateFile.read(path) else { return nil }
        do {
            return try document.decode(bytes)
        } catch { throw KernelError("understand \(path) (\(error))", EINVAL) }
    }
}

/// A value that is a whole document of its own kind.
private struct Document {
    let kind: String
    let version: UInt16

    func encode(_ value: some Canonical) -> [UInt8] {
        var writer = CanonicalWriter(kind: kind, version: version)
        writer.write(value)
        return writer.bytes
    }

    func decode<Value: Canonical>(_ bytes: [UInt8]) throws(CanonicalReader.Malformed) -> Value {
        var reader = try CanonicalReader(bytes, kind: kind, version: version)
        let value: Value = try reader.value()
        try reader.finish()
        return value
    }
}
