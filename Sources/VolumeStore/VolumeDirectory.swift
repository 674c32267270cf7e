import Glibc
import Resources

/// The directory in which a node keeps the metadata of one volume; one process writes it at a time.
///
/// The lock is advisory (`flock`) on the directory; the kernel drops it when the process ends, however it ends.
package final class VolumeDirectory: Sendable {
    package let path: String
    private let descriptor: CInt

    static func state(in directory: String) -> String { directory + "/state.sqlite" }
    static func journal(in directory: String) -> String { directory + "/journal.sqlite" }

    package var state: String { Self.state(in: path) }
    package var journal: String { Self.journal(in: path) }

    /// Opens and locks it.
    package init(path: String) throws(VolumeStoreError) {
        self.path = path
        descriptor = try Self.locked(path)
    }

    private static func locked(_ path: String) throws(VolumeStoreError) -> CInt {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing(file: path) : .directory(path, reason()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let (isBusy, reason) = (errno == EWOULDBLOCK, reason())
            Glibc.close(descriptor)
            throw isBusy ? .locked(directory: path) : .directory(path, reason)
        }
        return descriptor
    }

    deinit {
        // Closing alone would leave the lock with a child that was forked a moment ago, until it executes.
        flock(descriptor, LOCK_UN)
        Glibc.close(descriptor)
    }

    /// Makes a directory whole, or not at all: it gets its name when everything in it is durable.
    ///
    /// - Parameter fill: makes the files in the directory that it is called with.
    static func make(_ path: String, _ fill: (String) throws(VolumeStoreError) -> Void) throws(VolumeStoreError) {
        guard access(path, F_OK) != 0 else { throw .exists(path) }
        let partial = path + ".partial"
        for file in [state(in: partial), journal(in: partial)] {
            for suffix in ["", "-wal", "-shm", "-journal"] { unlink(file + suffix) }
        }
        guard mkdir(partial, 0o700) == 0 || errno == EEXIST else { throw .directory(partial, reason()) }
        try fill(partial)
        try synchronize(partial)
        try rename(partial, to: path)
    }

    /// Gives a file or directory its name, durably.
    static func rename(_ path: String, to name: String) throws(VolumeStoreError) {
        guard Glibc.rename(path, name) == 0 else {
            throw errno == ENOTEMPTY || errno == EEXIST ? .exists(name) : .directory(name, reason())
        }
        let parent = name.lastIndex(of: "/").map { String(name[..<$0]) } ?? "."
        try synchronize(parent.isEmpty ? "/" : parent)
    }

    /// Makes what was written to a file or directory durable.
    static func synchronize(_ path: String) throws(VolumeStoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .directory(path, reason()) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .directory(path, reason()) }
    }

    // MARK: Others in its place

    private static let (new, removed) = (".new", ".removed")

    /// Puts another directory in the place of one, which `make` makes whole.
    static func replace(_ path: String, _ make: (String) throws(VolumeStoreError) -> Void) throws(VolumeStoreError) {
        try settle(path)
        try make(path + new)
        try rename(path, to: path + removed)
        try settle(path)
    }

    /// Removes the directory of a volume, whole or not at all.
    package static func remove(_ path: String) throws(VolumeStoreError) {
        try settle(path)
        if access(path, F_OK) == 0 { try rename(path, to: path + removed) }
        try settle(path)
    }

    /// Ends what was under way when a process ended: whatever was removed is gone then, and what was made in its place is there.
    package static func settle(_ path: String) throws(VolumeStoreError) {
        if access(path + removed, F_OK) == 0 {
            if access(path, F_OK) != 0, access(path + new, F_OK) == 0 { try rename(path + new, to: path) }
            try removeFiles(path + removed)
        }
        for rest in [new, ".partial", new + ".partial"] { try removeFiles(path + rest) }
    }

    private static func removeFiles(_ path: String) throws(VolumeStoreError) {
        guard let directory = opendir(path) else { return }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(directory)
        for name in names { unlink(path + "/" + name) }
        guard rmdir(path) == 0 else { throw .directory(path, reason()) }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
