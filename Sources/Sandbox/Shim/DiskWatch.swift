import Glibc
import Kernel
import Resources

/// Looks again and again at what a program keeps in its work directory, and says when that is too much.
///
/// Few file systems can hold a directory to a limit themselves. Counting holds on every one, but comes late: a program can go beyond
/// its limit by what it writes between two looks. Two things bound what counting does not see, such as
/// files without a name that are mapped into memory: a single file cannot be larger than the limit, and no guest may fill the
/// disk to its end.
package struct DiskWatch {
    /// When to look next.
    private(set) var next: Instant
    private let tree: WorkTree
    /// `nil` where the file system holds the program to its limit.
    private let limit: Bytes?
    private let mostFiles: Int

    private static let interval = Microseconds.milliseconds(200)
    /// A look may take this part of the time between two of them.
    private static let share: Int64 = 20
    /// For each of so many bytes of the limit there may be one file.
    private static let bytesPerFile: Int64 = 4096
    private static let mostFilesOfAll = 250_000
    /// The part of the file system that is to stay free.
    private static let reserve: UInt64 = 50

    /// - Parameters:
    ///   - work: The program's directory.
    ///   - user: As whom it runs, where that is somebody else.
    ///   - limit: How much it may keep there.
    ///   - isLimited: Whether the file system holds it to that.
    init(of work: String, by user: uid_t?, limit: Bytes, isLimited: Bool = false, now: Instant = SystemClock.instant()) {
        next = now + Self.interval
        tree = WorkTree(work, of: user)
        self.limit = isLimited ? nil : limit
        mostFiles = Self.mostFiles(within: limit)
    }

    /// How many files a program may have that may keep so much.
    package static func mostFiles(within limit: Bytes) -> Int {
        Int(min(max(limit.rawValue / bytesPerFile, 1024), Int64(mostFilesOfAll)))
    }

    /// Why the program has to be stopped, if it has to, when it is time to look.
    mutating func fault(at now: Instant) -> String? {
        guard now >= next else { return nil }
        let verdict = verdict()
        let after = SystemClock.instant()
        next = after + max(Self.interval, Microseconds((after - now).rawValue * Self.share))
        return verdict ?? (isNearlyFull ? "the disk of this machine is nearly full: less than a fiftieth is free" : nil)
    }

    /// Whether there is too much now, and of what.
    func verdict() -> String? {
        guard let limit else { return nil }
        let holding = tree.count(atMost: limit, files: mostFiles)
        if let hidden = holding.hidden { return "what it keeps in its work directory cannot be counted: \(hidden)" }
        if holding.bytes > limit {
            return "its files reached the limit of \(limit.rawValue) bytes (counted in its work directory)"
        }
        if holding.files > mostFiles {
            return "it made more than \(mostFiles) files, the most there may be (counted in its work directory)"
        }
        return nil
    }

    private var isNearlyFull: Bool {
        var status = statvfs()
        // of a directory with a quota XFS would tell what is left of that; the one above is the job's, which has none
        guard statvfs(tree.path + "/..", &status) == 0 else { return false }
        return UInt64(status.f_bavail) < UInt64(status.f_blocks) / Self.reserve
    }
}
