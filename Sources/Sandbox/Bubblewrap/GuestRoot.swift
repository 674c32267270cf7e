import CLinux
import Glibc
import Kernel

/// A directory with the programs and settings of a whole system, which a guest is shown in place of the host's: an unpacked
/// OCI runtime bundle, or any root file system.
package struct GuestRoot: Hashable, Sendable {
    /// What is wrong with a directory, and what to do about it.
    package struct Unusable: Error, Hashable, Sendable, CustomStringConvertible {
        package var description: String
    }

    /// Where `usr`, `etc` and so on are.
    package let path: String
    /// Links at its top and where they point.
    package private(set) var links: [SystemView.Link] = []
    /// Directories at its top that guests see as they are.
    package private(set) var folders: [String] = []

    /// What guests get of their own, whatever is there.
    private static let replaced: Set<String> = ["proc", "sys", "dev", "tmp", "run", "work", "var"]
    private static let mostEntries = 256

    /// - Parameter directory: An absolute path: of a bundle, with `config.json` and `rootfs`, or of the root itself.
    /// - Throws: ``Unusable`` when guests cannot be shown it, others than its owner could change it, or a link leads out of it.
    package init(at directory: String) throws(Unusable) {
        path = try Self.find(in: directory)
        try Self.checkReach(path)
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { throw Self.unusable(path, "cannot be opened: \(KernelError.text(of: errno))") }
        defer { close(top) }
        for name in try Self.names(in: path) where !Self.replaced.contains(name) { try add(name, in: top) }
        guard !folders.isEmpty else { throw Self.unusable(path, "has no directories: it is no root file system") }
    }

    private static func unusable(_ path: String, _ fault: String) -> Unusable { Unusable(description: "\(path) \(fault)") }

    private static func find(in directory: String) throws(Unusable) -> String {
        if access(directory + "/oci-layout", F_OK) == 0 {
            throw unusable(
                directory,
                "is an OCI image that is not unpacked: run 'umoci unpack --image \(directory):TAG DIRECTORY' and name that directory"
            )
        }
        guard access(directory + "/config.json", F_OK) == 0 else { return directory }
        return directory + "/rootfs"
    }

    /// Guests are users that nobody else is: they must be let through, and nobody else may put something else in its place.
    private static func checkReach(_ path: String) throws(Unusable) {
        var place = path
        while !place.isEmpty {
            var status = stat()
            guard lstat(place, &status) == 0 else { throw unusable(place, "is not there: \(KernelError.text(of: errno))") }
            guard status.st_mode & Glibc.S_IFMT == Glibc.S_IFDIR else {
                throw unusable(place, "is no directory; a link there could lead anywhere: name the directory itself")
            }
            guard status.st_mode & Glibc.S_IXOTH != 0 else { throw unusable(place, "is closed to guests: chmod o+x \(place)") }
            try checkOwner(of: place, status)
            place = String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)])
        }
    }

    private static func checkOwner(of place: String, _ status: stat) throws(Unusable) {
        let isShared = status.st_mode & (Glibc.S_IWGRP | Glibc.S_IWOTH) != 0
        // in a directory such as /tmp others cannot rename what is not theirs
        guard !isShared || status.st_mode & Glibc.S_ISVTX != 0, status.st_uid == 0 || status.st_uid == geteuid() else {
            throw unusable(place, "could be changed by others than root: chown root \(place); chmod go-w \(place)")
        }
    }

    private static func names(in path: String) throws(Unusable) -> [String] {
        let names: [String]
        do throws(KernelError) { names = try LinuxKernel().entries(of: path) } catch {
            throw unusable(path, "cannot be listed: \(error)")
        }
        guard names.count <= mostEntries else {
            throw unusable(path, "has \(names.count) entries, at most \(mostEntries) are taken: it is no root file system")
        }
        return names.sorted()
    }

    private mutating func add(_ name: String, in top: Int32) throws(Unusable) {
        var status = stat()
        guard fstatat(top, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
        let place = "\(path)/\(name)"
        switch status.st_mode & Glibc.S_IFMT {
        case Glibc.S_IFDIR:
            try Self.checkOwner(of: place, status)
            folders.append(name)
        case Glibc.S_IFLNK:
            guard let target = SystemView.linkTarget(of: place) else { return }
            // as a guest would follow it, for whom nothing is above the root
            let found = surplus_openat2(
                top, name, UInt64(SURPLUS_O_PATH) | UInt64(O_CLOEXEC), 0, UInt64(RESOLVE_IN_ROOT))
            guard found >= 0 else { throw Self.unusable(place, "is a link to \(target), which is not within \(path)") }
            close(found)
            links.append(SystemView.Link(path: "/" + name, target: target))
        default: break  // a file at the top is of no use to programs
        }
    }

    /// Whether it has this file, and not a link that would lead elsewhere; by the path that guests see.
    package func hasFile(_ name: String) -> Bool {
        var status = stat()
        return lstat(path + name, &status) == 0 && status.st_mode & Glibc.S_IFMT == Glibc.S_IFREG
    }
}
