import BlockStore
import Dispatch
import Resources
import Synchronization

/// A directory that is removed in the end, with a disk that counts what is made durable, fails when it is told to, and can be held up.
final class TestDisk: BlockDisk {
    struct Counts: Sendable {
        var writes = 0
        var synchronizations = 0
        var isBroken = false
        /// Which writes a synchronization waits for.
        var awaitedWrites = 0
    }

    let counts = Mutex(Counts())
    private let disk: PosixDisk
    private let directory: TemporaryDirectory
    private let written = DispatchSemaphore(value: 0)

    init() throws {
        directory = try TemporaryDirectory()
        disk = try PosixDisk(directory.path)
    }

    var path: String { directory.path }

    func breakDown() { counts.withLock { $0.isBroken = true } }

    fileprivate func noteWrite(_ file: String) throws(BlockStoreError) {
        let isBroken = counts.withLock { counts in
            counts.writes += 1
            return counts.isBroken
        }
        written.signal()
        if isBroken { throw .disk(file: file, "Input/output error") }
    }

    /// Blocks until as many writes were made as are awaited.
    fileprivate func noteSynchronization() {
        let awaited = counts.withLock { counts in
            counts.synchronizations += 1
            defer { counts.awaitedWrites = 0 }
            return counts.awaitedWrites
        }
        for _ in 0..<awaited { written.wait() }
    }

    func names() throws(BlockStoreError) -> [String] { try disk.names() }

    func open(_ name: String, isNew: Bool) throws(BlockStoreError) -> any BlockFile {
        File(file: try disk.open(name, isNew: isNew), disk: self)
    }

    func rename(_ name: String, to other: String) throws(BlockStoreError) { try disk.rename(name, to: other) }
    func remove(_ name: String) throws(BlockStoreError) { try disk.remove(name) }
    func synchronizeNames() throws(BlockStoreError) { try disk.synchronizeNames() }

    private struct File: BlockFile {
        let file: any BlockFile
        let disk: TestDisk

        var name: String { file.name }
        func size() throws(BlockStoreError) -> Int64 { try file.size() }

        func read(into buffer: UnsafeMutableRawBufferPointer, at place: Int64) throws(BlockStoreError) -> Int {
            try file.read(into: buffer, at: place)
        }

        func write(_ parts: [UnsafeRawBufferPointer], at place: Int64) throws(BlockStoreError) {
            try file.write(parts, at: place)
            try disk.noteWrite(name)
        }

        func reserve(_ size: Int64) throws(BlockStoreError) { try file.reserve(size) }
        func truncate(to size: Int64) throws(BlockStoreError) { try file.truncate(to: size) }

        func synchronize() throws(BlockStoreError) {
            disk.noteSynchronization()
            try file.synchronize()
        }
    }
}
