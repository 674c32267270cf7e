import CFUSE
import Glibc
import Synchronization

/// libfuse's side of a mount.
final class Session: Sendable {
    /// The guard: libfuse lets any thread call what is called with it. It is destroyed under the write lock; others use it under the
    /// read lock, or come to their end before ``end()`` is called.
    private nonisolated(unsafe) let raw: OpaquePointer
    /// The guard: made before anybody has it, and destroyed when nobody has it any more.
    private nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_rwlock_t>
    private let hasEnded = Atomic(false)
    /// The kernel's requests name it.
    private let responder: Responder

    /// - Parameter options: As the command line of libfuse has them after `-o`.
    init(_ responder: Responder, _ options: String, on directory: String) throws(MountError) {
        let (address, said) = LibraryMessages.collect { Self.open(responder, options, on: directory) }
        guard let raw = OpaquePointer(bitPattern: address) else {
            throw .refused(directory: directory, reason: said.isEmpty ? "fusermount3 has said why" : said)
        }
        self.raw = raw
        self.responder = responder
        lock = .allocate(capacity: 1)
        pthread_rwlock_init(lock, nil)
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    /// - Returns: The address of the session, or 0.
    private static func open(_ responder: Responder, _ options: String, on directory: String) -> UInt {
        var words = ["surplus", "-o", options].map { (word: String) in strdup(word) }
        defer { for word in words { free(word) } }
        return words.withUnsafeMutableBufferPointer { words in
            var arguments = fuse_args(argc: Int32(words.count), argv: words.baseAddress, allocated: 0)
            defer { fuse_opt_free_args(&arguments) }
            var operations = Responder.operations()
            let context = Unmanaged.passUnretained(responder).toOpaque()
            let session = fuse_session_new(&arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size, context)
            guard let session else { return 0 }
            var channel = Amendment.channel()
            if fuse_session_mount(session, directory) == 0 {
                if fuse_session_custom_io(session, &channel, fuse_session_fd(session)) == 0 { return UInt(bitPattern: session) }
                fuse_session_unmount(session)
            }
            fuse_session_destroy(session)
            return 0
        }
    }

    /// Answers the first request, with which libfuse and the kernel agree how the others are made.
    ///
    /// - Returns: 0, or the number of an error.
    func agree() -> Int32 {
        let (answered, fault) = Worker.serve(raw, limit: 1)
        guard answered > 0, fuse_session_exited(raw) != 0 else { return fault }
        return EPROTO
    }

    /// Answers requests on this thread. ``end()`` may be called only when no thread does any more.
    ///
    /// - Returns: 0, or the number of the error with which the kernel's requests cannot be read any more.
    func serve() -> Int32 { Worker.serve(raw).fault }

    /// Unmounts what is mounted still, and forgets the session; once. The kernel must have ended the connection before, if it ever
    /// was served: notifications under way are waited for.
    func end() {
        guard !hasEnded.exchange(true, ordering: .acquiringAndReleasing) else { return }
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        fuse_session_unmount(raw)
        fuse_session_destroy(raw)
    }

    /// - Returns: What the body returns, or nil if the session has ended.
    func notify(_ body: (OpaquePointer) -> Int32) -> Int32? {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        guard !hasEnded.load(ordering: .acquiring) else { return nil }
        return body(raw)
    }
}
