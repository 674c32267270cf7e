import Volumes

/// What a mount asks for: one method for each thing that system calls want of a file system.
///
/// Methods are called from several threads at once and may block; each blocked call holds one of the mount's threads
/// (``MountSettings/threads``). Two calls for one inode may come at once; what the kernel serialises is not to be relied on.
///
/// Permissions are checked by the kernel, from the attributes that it was given. Names are never `.` and `..`, permissions of new
/// files have the caller's umask applied.
///
/// Each ``Entry`` that is answered counts as one lookup of its inode. The inode can be asked for until ``forget(_:lookups:)``
/// has taken all lookups back, also when no name leads to it any more. When the mount ends, all lookups end, all that is open is
/// released and all locks are given back, without further calls.
///
/// A call that `clearsSetID` takes the set-user-id bit away, and the set-group-id bit where the group may execute. Every write,
/// truncation and change of owner or group removes the extended attribute `security.capability`.
package protocol FileSystem: Sendable {
    // MARK: Names

    func lookup(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) -> LookupAnswer

    /// The kernel gives so many lookups of an inode back.
    func forget(_ number: InodeNumber, lookups: UInt64)

    /// - Parameters:
    ///   - kind: Neither a directory nor a symbolic link.
    ///   - device: What a device file stands for, as makedev(3) puts it.
    func makeNode(
        _ name: FileName, in directory: InodeNumber, kind: FileKind, permissions: UInt16, device: UInt32, for caller: Caller
    ) throws(PosixError) -> Entry

    func makeDirectory(
        _ name: FileName, in directory: InodeNumber, permissions: UInt16, for caller: Caller
    ) throws(PosixError) -> Entry

    func makeSymbolicLink(
        _ name: FileName, in directory: InodeNumber, to target: [UInt8], for caller: Caller
    ) throws(PosixError) -> Entry

    func link(_ number: InodeNumber, as name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError) -> Entry
    func unlink(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError)
    func removeDirectory(_ name: FileName, in directory: InodeNumber, for caller: Caller) throws(PosixError)

    func rename(
        _ name: FileName, in directory: InodeNumber, to newName: FileName, in newDirectory: InodeNumber, _ manner: RenameManner,
        for caller: Caller
    ) throws(PosixError)

    /// The path in a symbolic link, at most 4095 bytes.
    func target(of link: InodeNumber) throws(PosixError) -> [UInt8]

    // MARK: Attributes

    /// - Parameter handle: Through which the file is asked for, if it is open for the caller and the kernel says so.
    func attributes(of number: InodeNumber, handle: OpenHandle?) throws(PosixError) -> AttributeAnswer

    /// Makes all of the change or nothing.
    ///
    /// - Parameter handle: Through which a file is truncated, for ftruncate(2).
    func change(
        _ change: AttributeChange, of number: InodeNumber, handle: OpenHandle?, for caller: Caller
    ) throws(PosixError) -> AttributeAnswer

    /// - Throws: ``PosixError/noData`` when there is no attribute of that name.
    func extendedAttribute(_ name: [UInt8], of number: InodeNumber) throws(PosixError) -> [UInt8]

    /// Names in any order.
    func extendedAttributes(of number: InodeNumber) throws(PosixError) -> [[UInt8]]

    /// - Throws: ``PosixError/exists`` or ``PosixError/noData``, as the manner demands.
    func setExtendedAttribute(
        _ name: [UInt8], of number: InodeNumber, to value: [UInt8], _ manner: ExtendedAttributeManner, for caller: Caller
    ) throws(PosixError)

    /// - Throws: ``PosixError/noData`` when there is no attribute of that name.
    func removeExtendedAttribute(_ name: [UInt8], of number: InodeNumber, for caller: Caller) throws(PosixError)

    /// How much there is and how much is free, for statfs(2).
    func space() throws(PosixError) -> SpaceAnswer

    // MARK: Files

    /// A file that was opened is released once, however many descriptors come to stand for it.
    func open(_ number: InodeNumber, _ flags: OpenFlags, for caller: Caller) throws(PosixError) -> OpenAnswer

    /// Makes a regular file that is not there yet, and opens it; one that is there is opened, unless the flags are exclusive.
    func create(
        _ name: FileName, in directory: InodeNumber, permissions: UInt16, _ flags: OpenFlags, for caller: Caller
    ) throws(PosixError) -> (Entry, OpenAnswer)

    /// Reads until the buffer is full or the file ends.
    ///
    /// - Returns: How many bytes were read: less than the buffer holds only at the end of the file.
    func read(
        _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(PosixError) -> Int

    /// Writes at that offset; what is appended, at the end of the file, which the kernel may have missed. The kernel caches what is
    /// written where it believes it to be: who appends to a file that others write as well does it through a handle that is direct.
    ///
    /// - Returns: How many bytes were written, at least 1 unless there were none to write.
    func write(
        _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, from buffer: UnsafeRawBufferPointer, _ manner: WriteManner
    ) throws(PosixError) -> Int

    /// One of the descriptors of an open file is closed; byte-range locks of the owner end, on the whole file. What is thrown
    /// is the result of close(2).
    func flush(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError)

    /// The last descriptor of an open file is gone. Whole-file locks of the owner end, if one is named.
    func release(_ number: InodeNumber, _ handle: OpenHandle, owner: LockOwner?)

    /// Returns when all that was written and acknowledged is durable.
    ///
    /// - Parameter dataOnly: Attributes that are not needed to read the content may stay behind (fdatasync(2)).
    func synchronize(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError)

    func allocate(
        _ manner: AllocationManner, _ number: InodeNumber, _ handle: OpenHandle, at offset: UInt64, count: UInt64,
        for caller: Caller
    ) throws(PosixError)

    /// The first offset at or after the given one that is in data or in a hole (lseek(2)).
    ///
    /// - Throws: ``PosixError/noSuchAddress`` when the offset is not before the end of the file, or no data follow.
    func seek(_ sought: SeekTarget, _ number: InodeNumber, _ handle: OpenHandle, from offset: UInt64) throws(PosixError) -> UInt64

    // MARK: Directories

    func openDirectory(_ number: InodeNumber, for caller: Caller) throws(PosixError) -> OpenAnswer

    /// Adds entries after a cookie to the page until it is full or there are no more; without `.` and `..`.
    ///
    /// An entry that is neither made nor removed meanwhile comes exactly once in a listing.
    func list(
        _ number: InodeNumber, _ handle: OpenHandle, after cookie: DirectoryCookie, into page: inout DirectoryPage
    ) throws(PosixError)

    func releaseDirectory(_ number: InodeNumber, _ handle: OpenHandle)
    func synchronizeDirectory(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError)

    // MARK: Locks

    /// A lock of another owner that keeps this one from being taken, or nil.
    func conflict(with lock: FileLock, on number: InodeNumber) throws(PosixError) -> FileLock?

    /// Takes a lock, in place of what the owner holds in its range.
    ///
    /// - Parameter wait: Given when the caller is ready to wait. A lock that is not free then is not refused: the method keeps the
    ///   wait, returns ``LockOutcome/waits`` and ends the wait later, from any thread.
    /// - Throws: ``PosixError/tryAgain`` when the lock is not free and there is no wait; ``PosixError/deadlock`` when waiting would
    ///   never end.
    func lock(
        _ lock: FileLock, on number: InodeNumber, _ handle: OpenHandle, wait: LockWait?
    ) throws(PosixError) -> LockOutcome

    /// Gives back what the owner holds in a range.
    func unlock(_ span: LockSpan, on number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError)
}
