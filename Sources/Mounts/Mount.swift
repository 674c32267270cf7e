import CFUSE
import Glibc
import Synchronization
import Volumes

/// A file system on a directory.
///
/// It is there from when it is made, but calls wait until it is served. When it is given up unserved, it is unmounted.
package final class Mount: Sendable {
    private enum Phase {
        case mounted
        /// The kernel and libfuse agree how requests are made, or have agreed.
        case beginning
        case begun
        case serving
        case ended
    }

    /// Absolute and without symbolic links.
    package var directory: String { point.path }
    /// How many mounts left by a crash were taken from the directory.
    package let cleaned: Int

    let responder: Responder
    let session: Session
    private let point: MountPoint
    private let record: MountRecord
    private let phase = Mutex(Phase.mounted)

    /// Mounts a file system on a directory; as an ordinary user with fusermount3.
    ///
    /// - Parameters:
    ///   - source: What the mount table shall say is mounted there.
    package init(
        _ fileSystem: any FileSystem, source: String, on directory: String, options: MountOptions = MountOptions(),
        settings: MountSettings = MountSettings()
    ) throws(MountError) {
        let (vacant, cleaned) = try MountPoint.vacant(directory)
        try Self.checkDevice()
        responder = Responder(fileSystem, settings)
        session = try Session(responder, options.ofLibrary(source: source), on: vacant.path)
        let point: MountPoint
        do {
            point = try MountPoint(vacant.path)
        } catch {
            session.end()
            throw error
        }
        guard let record = point.mount, record.type == MountPoint.type else {
            session.end()
            throw .failed(directory: vacant.path, reason: "another mount came between")
        }
        (self.point, self.record, self.cleaned) = (point, record, cleaned)
    }

    deinit {
        if phase.withLock({ $0 == .mounted || $0 == .begun }) { end() }
    }

    /// Whether something can be mounted on a directory, as far as that can be known without doing it.
    package static func check(_ directory: String) throws(MountError) {
        let point = try MountPoint(directory)
        if let mount = point.mount, mount.type != "autofs", mount.type != MountPoint.type {
            throw .occupied(directory: point.path, type: mount.type, source: mount.source)
        }
        try checkDevice()
    }

    private static func checkDevice() throws(MountError) {
        let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        guard device >= 0 else { throw .noDevice(reason: MountPoint.text(of: errno)) }
        close(device)
    }

    // MARK: Serving

    /// Answers the kernel's first request. Whoever serves the others needs no rights of root any more. ``serve()`` does it where it
    /// was not done.
    package func begin() throws(MountError) {
        let isFirst = phase.withLock { phase in
            defer { if phase == .mounted { phase = .beginning } }
            return phase == .mounted
        }
        guard isFirst else { return }
        let disagreement = session.agree()
        guard disagreement == 0 else {
            phase.withLock { $0 = .ended }
            end()
            throw .failed(directory: directory, reason: MountPoint.text(of: disagreement))
        }
        record.readAhead(responder.settings.readAhead)
        phase.withLock { $0 = .begun }
    }

    /// Answers the kernel's requests until the directory is unmounted, by whomever; not again after that.
    ///
    /// Comes back when the last request is answered and all waits for locks have ended. The calling thread only waits.
    ///
    /// - Throws: ``MountError/failed(directory:reason:)`` when the kernel's requests cannot be read any more; the directory is
    ///   unmounted then too.
    package func serve() throws(MountError) {
        try begin()
        let isFirst = phase.withLock { phase in
            defer { if phase == .begun { phase = .serving } }
            return phase == .begun
        }
        guard isFirst else { throw .failed(directory: directory, reason: "it is served already, or was") }
        let fault = answerRequests()
        phase.withLock { $0 = .ended }
        end()
        guard fault == 0 else { throw .failed(directory: directory, reason: MountPoint.text(of: fault)) }
    }

    private func answerRequests() -> Int32 {
        let worst = Mutex<Int32>(0)
        var threads: [WorkerThread] = []
        for _ in 0..<min(max(responder.settings.threads, 1), 128) {
            do throws(ThreadError) {
                threads.append(
                    try WorkerThread.start { [session, point, record] in
                        let fault = session.serve()
                        guard fault != 0 else { return }
                        worst.withLock { $0 = fault }
                        try? point.detach(record, flags: MountPoint.aborting | MountPoint.lazily)
                    })
            } catch {
                // Fewer threads do too.
                if threads.isEmpty { return error.number }
                break
            }
        }
        for thread in threads { thread.join() }
        return worst.withLock { $0 }
    }

    private func end() {
        responder.waits.refuseAll()
        if point.holds(record) { try? point.detach(record, flags: MountPoint.aborting | MountPoint.lazily) }
        session.end()
    }

    // MARK: Unmounting

    package enum UnmountManner: Sendable {
        /// Only when nothing on it is in use.
        case unused
        /// The directory is free at once; whatever is open stays usable, and is served until it is closed.
        case lazy
        /// Whatever is open fails from now on, and calls that wait fail too.
        case aborting
    }

    /// Nothing happens if it is unmounted already.
    ///
    /// - Throws: ``MountError/inUse(directory:)``.
    package func unmount(_ manner: UnmountManner = .unused) throws(MountError) {
        guard point.holds(record) else { return }
        switch manner {
        case .unused: try point.detach(record, flags: 0)
        case .lazy: try point.detach(record, flags: MountPoint.lazily)
        case .aborting: try point.detach(record, flags: MountPoint.aborting | MountPoint.lazily)
        }
    }
}
