/// A directory with the files of a block store: a real one, or a test's that forgets what was not synchronized.
///
/// All throw ``BlockStoreError/disk(file:_:)``, and what makes names ``BlockStoreError/full(needed:free:)`` where the file system has
/// no room.
package protocol BlockDisk: Sendable {
    /// The names of all files, in any order.
    func names() throws(BlockStoreError) -> [String]
    /// Opens a file for reading and writing.
    ///
    /// - Parameter isNew: whether it is to be made; it must not be there then.
    func open(_ name: String, isNew: Bool) throws(BlockStoreError) -> any BlockFile
    func rename(_ name: String, to other: String) throws(BlockStoreError)
    /// Removes a file, if it is there. Who has it open goes on reading it.
    func remove(_ name: String) throws(BlockStoreError)
    /// Makes the names of files durable.
    func synchronizeNames() throws(BlockStoreError)
}

/// One file. Reads and writes of different places may go on at the same time.
package protocol BlockFile: Sendable {
    var name: String { get }
    func size() throws(BlockStoreError) -> Int64
    /// Reads from a place on, until the buffer is full or the file ends.
    ///
    /// - Returns: how many bytes.
    func read(into buffer: UnsafeMutableRawBufferPointer, at place: Int64) throws(BlockStoreError) -> Int
    /// Writes all of it, or throws ``BlockStoreError/full(needed:free:)`` where the file system has no room.
    func write(_ parts: [UnsafeRawBufferPointer], at place: Int64) throws(BlockStoreError)
    /// Makes it so long at least, with zeros, and sees to it that there is room for all of it. A file system that cannot do that does
    /// nothing.
    ///
    /// - Throws: ``BlockStoreError/full(needed:free:)`` where there is not so much.
    func reserve(_ size: Int64) throws(BlockStoreError)
    func truncate(to size: Int64) throws(BlockStoreError)
    /// Makes what was written before durable.
    func synchronize() throws(BlockStoreError)
}

extension BlockFile {
    /// Reads so many bytes; fewer where the file ends.
    package func read(_ count: Int, at place: Int64) throws(BlockStoreError) -> [UInt8] {
        var failure: BlockStoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(BlockStoreError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: place)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
