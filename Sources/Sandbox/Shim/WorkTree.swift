import CLinux
import Glibc
import Kernel
import Resources

/// What is in a program's work directory, counted while the program may change it: no link is followed, and whatever moves
/// meanwhile is counted where it is found.
struct WorkTree {
    struct Holding {
        var bytes = Bytes.zero
        var files = 0
        /// What could not be looked into, so that there may be any amount of it.
        var hidden: String?
    }

    let path: String
    /// As whom the program runs, where that is somebody else.
    private let user: uid_t?

    /// Deeper directories are not looked into; each level costs a descriptor. A program that needs more has other intentions.
    static let deepest = 200
    /// So many open files are looked at, over all processes.
    private static let mostDescriptors = 20_000

    init(_ path: String, of user: uid_t? = nil) {
        self.path = path
        self.user = user
    }

    /// Counts until it is more than the bounds.
    func count(atMost bytes: Bytes, files: Int) -> Holding {
        var count = Count(bounds: Holding(bytes: bytes, files: files))
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { return Holding() }
        count.add(directory: top, depth: 0)
        // Whose files another user's process holds open only that user may see, and who may trace all others.
        let isActing = user.map { surplus_act_for($0) == 0 } ?? false
        count.addNameless(on: path)
        // the real user is root all the while, who can always take its id back
        if isActing { _ = surplus_act_for_self() }
        return count.holding
    }

    private struct Count {
        let bounds: Holding
        var holding = Holding()
        /// Files that have several names, or none: each counts once.
        private var seen: Set<ino_t> = []

        init(bounds: Holding) { self.bounds = bounds }

        private var isOver: Bool { holding.bytes > bounds.bytes || holding.files > bounds.files || holding.hidden != nil }

        /// Takes over `directory`.
        mutating func add(directory: Int32, depth: Int) {
            guard let stream = fdopendir(directory) else {
                close(directory)
                return
            }
            defer { closedir(stream) }
            while !isOver, let entry = readdir(stream) {
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { add($0, in: directory, depth: depth) }
                }
            }
        }

        private mutating func add(_ name: UnsafePointer<CChar>, in directory: Int32, depth: Int) {
            guard strcmp(name, ".") != 0, strcmp(name, "..") != 0 else { return }
            var status = stat()
            guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
            let isDirectory = status.st_mode & Glibc.S_IFMT == Glibc.S_IFDIR
            if isDirectory || status.st_nlink < 2 || seen.insert(status.st_ino).inserted { add(status) }
            guard isDirectory else { return }
            guard depth < WorkTree.deepest else {
                holding.hidden = "directories lie more than \(WorkTree.deepest) deep"
                return
            }
            let child = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if child >= 0 {
                add(directory: child, depth: depth + 1)
            } else if errno == EACCES {
                holding.hidden = "a directory may not be read"
            }
        }

        private mutating func add(_ status: stat) {
            holding.files += 1
            holding.bytes += Bytes(Int64(status.st_blocks) * 512)
        }

        /// Adds what the program's processes hold open on the same file system though it has no name any more.
        mutating func addNameless(on path: String) {
            var work = stat()
            guard stat(path, &work) == 0 else { return }
            var left = WorkTree.mostDescriptors
            for process in ProcessTree.descendants() {
                let folder = "/proc/\(process)/fd"
                guard !isOver, let stream = opendir(folder) else { continue }
                defer { closedir(stream) }
                while let entry = readdir(stream) {
                    guard left > 0 else {
                        holding.hidden = "it holds more than \(WorkTree.mostDescriptors) files open"
                        return
                    }
                    left -= 1
                    var status = stat()
                    let found = withUnsafePointer(to: &entry.pointee.d_name) {
                        $0.withMemoryRebound(to: CChar.self, capacity: 256) { fstatat(dirfd(stream), $0, &status, 0) }
                    }
                    guard found == 0, status.st_dev == work.st_dev, status.st_nlink == 0 else { continue }
                    if status.st_mode & Glibc.S_IFMT == Glibc.S_IFREG, seen.insert(status.st_ino).inserted { add(status) }
                }
            }
        }
    }
}
