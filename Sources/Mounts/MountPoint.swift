import CLinux
import Glibc
import Resources
import Synchronization

/// A directory that something is mounted on, or can be.
struct MountPoint: Sendable {
    /// As mounts of ours are called in the mount table.
    static let type = "fuse.surplus"
    static let subtype = "surplus"

    /// Absolute and without symbolic links.
    let path: String
    /// What is mounted on it, if anything is.
    let mount: MountRecord?

    /// Asks nothing of what is mounted there, so that it comes back though that is dead or hangs.
    init(_ directory: String) throws(MountError) {
        let descriptor = open(directory, Int32(SURPLUS_O_PATH) | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT: throw .missing(directory: directory)
            case ENOTDIR: throw .notDirectory(directory)
            case let number: throw .unreachable(directory: directory, reason: Self.text(of: number))
            }
        }
        defer { close(descriptor) }
        let name = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { room in
            guard let start = room.baseAddress else { return String?.none }
            let count = readlink("/proc/self/fd/\(descriptor)", start, room.count)
            return count < 0 ? nil : String(decoding: room[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        guard let name else { throw .unreachable(directory: directory, reason: Self.text(of: errno)) }
        let number = KernelFile.lines("/proc/self/fdinfo/\(descriptor)").lazy
            .compactMap { $0.split(whereSeparator: \.isWhitespace) }
            .first { $0.first == "mnt_id:" }.flatMap { Int($0.last ?? "") }
        path = name
        mount = MountRecord.all().first { $0.id == number && $0.directory == name }
    }

    static func text(of number: Int32) -> String { String(cString: strerror(number)) }

    // MARK: Making room

    /// A directory on which nothing is mounted, or only what mounts on demand (autofs); mounts of ours that crashed are taken away.
    ///
    /// - Returns: The directory, and how many mounts were taken away.
    static func vacant(_ directory: String) throws(MountError) -> (MountPoint, cleaned: Int) {
        // As many as can lie on one another when each crash was followed by a mount that did not look.
        for cleaned in 0..<16 {
            let point = try MountPoint(directory)
            guard let mount = point.mount, mount.type != "autofs" else { return (point, cleaned) }
            guard mount.type == type, try point.isDead(mount) else {
                throw .occupied(directory: point.path, type: mount.type, source: mount.source)
            }
            try point.detach(mount, flags: Self.lazily)
        }
        throw .failed(directory: directory, reason: "more than 16 dead mounts lie on one another")
    }

    /// Whether the process that served it is gone.
    private func isDead(_ mount: MountRecord) throws(MountError) -> Bool {
        let answer = Answer()
        do throws(ThreadError) {
            try WorkerThread.start { [path] in
                // The kernel answers stat(2) with attributes that it still has; to open a directory it has to ask.
                let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                answer.give(descriptor >= 0 ? 0 : errno)
                if descriptor >= 0 { close(descriptor) }
            }.detach()
        } catch {
            throw .failed(directory: path, reason: Self.text(of: error.number))
        }
        guard let number = answer.wait(.seconds(5)) else { throw .unresponsive(directory: path, source: mount.source) }
        return number == ENOTCONN
    }

    // MARK: Unmounting

    /// Whether this mount is still what lies topmost on the directory.
    func holds(_ mount: MountRecord) -> Bool { (try? MountPoint(path))?.mount?.id == mount.id }

    /// - Parameter flags: Of umount2(2).
    func detach(_ mount: MountRecord, flags: Int32) throws(MountError) {
        guard umount2(path, flags | Self.noSymbolicLinks) != 0 else { return }
        switch errno {
        case EINVAL, ENOENT: return
        case EBUSY: throw .inUse(directory: path)
        case EPERM: try Fusermount.unmount(path, isLazy: flags & Self.lazily != 0)
        case let number: throw .failed(directory: path, reason: Self.text(of: number))
        }
    }

    // sys/mount.h
    static let aborting: Int32 = 1
    static let lazily: Int32 = 2
    private static let noSymbolicLinks: Int32 = 8
}

/// What another thread found out.
private final class Answer: Sendable {
    private let number = Mutex<Int32?>(nil)
    private let ends: (read: Int32, write: Int32)

    init() {
        var ends: [Int32] = [-1, -1]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
        self.ends = (ends[0], ends[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    func give(_ number: Int32) {
        self.number.withLock { $0 = number }
        write(ends.write, [1], 1)
    }

    func wait(_ patience: Microseconds) -> Int32? {
        var ready = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        poll(&ready, 1, Int32(clamping: patience.rawValue / 1000))
        return number.withLock { $0 }
    }
}
