import CFUSE
import Glibc
import Volumes

/// The kernel is told what has changed other than through this mount. When a method comes back, nobody sees the old state any more
/// except in calls that were under way.
///
/// These methods wait for calls under way that use what has changed: that read the content, or change the directory. Such a call
/// must come to its end meanwhile, so they cannot be used within a call of the ``FileSystem``, nor while such a call waits for the
/// thread that uses them. What the kernel does not know is no fault, nor that the mount has ended.
extension Mount {
    /// Whether a signal has interrupted whoever made the call that this thread answers. What takes long can be given up then with
    /// ``PosixError/interrupted``.
    package static var isCallInterrupted: Bool {
        Worker.ofThisThread?.question.map { fuse_req_interrupted($0) != 0 } ?? false
    }

    /// The attributes of an inode have changed.
    package func attributesChanged(of number: InodeNumber) throws(PosixError) {
        try tell { fuse_lowlevel_notify_inval_inode($0, number.rawValue, -1, 0) }
    }

    /// The content of a file has changed from an offset on, up to another one or to its end, and with it the attributes; of a
    /// symbolic link or a directory all that is cached.
    package func contentChanged(of number: InodeNumber, from start: UInt64 = 0, to end: UInt64? = nil) throws(PosixError) {
        let count = end.map { $0 > start ? off_t(clamping: $0 - start) : 0 } ?? 0
        guard end == nil || count > 0 else { return try attributesChanged(of: number) }
        try tell { fuse_lowlevel_notify_inval_inode($0, number.rawValue, off_t(clamping: start), count) }
    }

    /// A name may lead elsewhere now, or nowhere, or somewhere for the first time.
    package func entryChanged(_ name: FileName, in directory: InodeNumber) throws(PosixError) {
        try tell(name) { fuse_lowlevel_notify_inval_entry($0, directory.rawValue, $1.baseAddress, $1.count) }
    }

    /// A name leads no longer to an inode. Those who watch the directory are told so by the kernel (inotify(7)).
    package func entryRemoved(_ name: FileName, in directory: InodeNumber, was number: InodeNumber) throws(PosixError) {
        try tell(name) { fuse_lowlevel_notify_delete($0, directory.rawValue, number.rawValue, $1.baseAddress, $1.count) }
    }

    private func tell(
        _ name: FileName, _ body: (OpaquePointer, UnsafeBufferPointer<CChar>) -> Int32
    ) throws(PosixError) {
        // libfuse wants it with a NUL that it does not count.
        let text = name.bytes.map { CChar(bitPattern: $0) } + [0]
        try tell { session in text.withUnsafeBufferPointer { body(session, UnsafeBufferPointer(rebasing: $0.dropLast())) } }
    }

    private func tell(_ body: (OpaquePointer) -> Int32) throws(PosixError) {
        guard Worker.ofThisThread == nil else { throw .deadlock }
        switch session.notify(body) {
        case nil, 0, -ENOENT, -ENODEV, -ENOTCONN: return
        case .some(let number): throw PosixError(rawValue: -number) ?? .inputOutput
        }
    }
}
