import Glibc
import Kernel
import Resources
import Sandbox

/// A warden's directory:
///
///     lock           held while a warden runs
///     policy         what the owner allows, as the agent last said
///     moves          the last steps on the ladder
///     cool-down      until when nothing new should be offered
///     groups         where the guests' control groups are
///     leases/ID      one record each, also of those that have ended lately
///     jobs/ID/       one directory each: record, plan, exit, stdout, stderr, shim.sock, work/
package struct StateDirectory: Sendable {
    let path: String
    private let lock: Int32

    /// Makes what is missing and locks it.
    ///
    /// - Throws: ``KernelError``, with `EWOULDBLOCK` when a warden runs on it.
    package init(_ path: String) throws(KernelError) {
        self.path = path
        // others must be able to reach their own job's directory, whose name they know, but not to list what there is
        for directory in [path, path + "/leases", path + "/jobs"] {
            guard mkdir(directory, 0o711) == 0 || errno == EEXIST else { throw KernelError("make \(directory)", errno) }
        }
        for (directory, mode) in [(path, mode_t(0o711)), (path + "/leases", 0o700), (path + "/jobs", 0o711)] {
            guard chmod(directory, mode) == 0 else { throw KernelError("set the permissions of \(directory)", errno) }
        }
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else { throw KernelError("open \(path)/lock", errno) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let fault = errno
            close(lock)
            throw KernelError("lock \(path), which another warden uses", fault)
        }
    }

    /// Lets another warden have it.
    package func unlock() { close(lock) }

    func leasePath(_ lease: LeaseID) -> String { "\(path)/leases/\(lease)" }
    func files(of job: JobID) -> JobFiles { JobFiles(directory: "\(path)/jobs/\(job)") }

    var policy: RecordFile<WardenPolicy> { RecordFile(path: path + "/policy", kind: "surplus.warden.policy", versions: 1...5) }
    var moves: RecordFile<MoveLog> { RecordFile(path: path + "/moves", kind: "surplus.warden.moves", versions: 2...5) }
    var coolDown: RecordFile<CoolDownRecord> { RecordFile(path: path + "/cool-down", kind: "surplus.warden.cool-down") }
    var groups: RecordFile<GroupRecord> { RecordFile(path: path + "/groups", kind: "surplus.warden.groups", versions: 1...2) }

    func lease(_ lease: LeaseID) -> RecordFile<LeaseRecord> {
        RecordFile(path: leasePath(lease), kind: "surplus.warden.lease", versions: 1...3)
    }

    func job(_ job: JobID) -> RecordFile<JobRecord> {
        RecordFile(path: files(of: job).directory + "/record", kind: "surplus.warden.job")
    }

    /// Half of what can still be written to its file system; without end when the kernel does not tell.
    var halfOfFreeSpace: Bytes {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return Bounds.memory }
        return min(Bounds.memory, Bytes(Int64(status.f_bavail) * Int64(status.f_frsize) / 2))
    }

    /// The leases there are records of, in the order of their ids.
    func leases() throws(KernelError) -> [LeaseID] {
        try Self.names(in: path + "/leases").compactMap { LeaseID($0) }.sorted()
    }

    /// The jobs there are directories of, in the order of their ids.
    func jobs() throws(KernelError) -> [JobID] {
        try LinuxKernel().subdirectories(of: path + "/jobs").compactMap { JobID($0) }.sorted()
    }

    private static func names(in path: String) throws(KernelError) -> [String] {
        guard let directory = opendir(path) else { throw KernelError("list \(path)", errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}

/// A file that holds one record.
struct RecordFile<Value: Canonical> {
    let path: String
    let kind: String
    /// Those that are understood; the last is written.
    var versions: ClosedRange<UInt16> = 1...1

    func save(_ value: Value) throws(KernelError) {
        var writer = CanonicalWriter(kind: kind, version: versions.upperBound)
        writer.write(value)
        try StateFile.write(writer.bytes, to: path)
    }

    /// - Throws: ``KernelError`` when the file is there but cannot be read or understood.
    func load() throws(KernelError) -> Value? {
        guard let bytes = try StateFile.read(path) else { return nil }
        do {
            var reader = try CanonicalReader(bytes, kind: kind, versions: versions)
            let value: Value = try reader.value()
            try reader.finish()
            return value
        } catch { throw KernelError("understand \(path) (\(error))", EINVAL) }
    }

    func remove() throws(KernelError) { try StateFile.remove(path) }
}
