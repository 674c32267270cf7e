import CCalls
import Glibc

extension Scene {
    // MARK: Making

    func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0o644) throws(Fault) -> OpenFile {
        try OpenFile(path, flags, mode)
    }

    func mkdir(_ path: String, _ mode: mode_t = 0o755) throws(Fault) { try sys("mkdir") { Glibc.mkdir(path, mode) } }
    func mkfifo(_ path: String, _ mode: mode_t = 0o644) throws(Fault) { try sys("mkfifo") { Glibc.mkfifo(path, mode) } }

    func mknod(_ path: String, _ mode: mode_t, _ device: dev_t = 0) throws(Fault) {
        try sys("mknod") { Glibc.mknod(path, mode, device) }
    }

    func symlink(_ target: String, _ path: String) throws(Fault) { try sys("symlink") { Glibc.symlink(target, path) } }
    func link(_ old: String, _ new: String) throws(Fault) { try sys("link") { Glibc.link(old, new) } }

    func linkat(_ old: String, _ new: String, _ flags: Int32) throws(Fault) {
        try sys("linkat") { Glibc.linkat(AT_FDCWD, old, AT_FDCWD, new, flags) }
    }

    // MARK: Removing and renaming

    func unlink(_ path: String) throws(Fault) { try sys("unlink") { Glibc.unlink(path) } }
    func rmdir(_ path: String) throws(Fault) { try sys("rmdir") { Glibc.rmdir(path) } }
    func rename(_ old: String, _ new: String) throws(Fault) { try sys("rename") { Glibc.rename(old, new) } }

    struct RenameFlags: OptionSet {
        let rawValue: UInt32
        static let noReplace = RenameFlags(rawValue: 1)
        static let exchange = RenameFlags(rawValue: 2)
        static let whiteout = RenameFlags(rawValue: 4)
    }

    func renameat2(_ old: String, _ new: String, _ flags: RenameFlags) throws(Fault) {
        try sys("renameat2") { calls_renameat2(old, new, flags.rawValue) }
    }

    /// Removes a file of any kind.
    func remove(_ kind: Kind, _ path: String) throws(Fault) {
        if kind == .directory { try rmdir(path) } else { try unlink(path) }
    }

    // MARK: Attributes

    /// Of the file itself, also when it is a symbolic link.
    func status(_ path: String) throws(Fault) -> stat {
        var status = stat()
        try sys("lstat") { lstat(path, &status) }
        return status
    }

    func statusOfTarget(_ path: String) throws(Fault) -> stat {
        var status = stat()
        try sys("stat") { stat(path, &status) }
        return status
    }

    func permissions(_ path: String) throws(Fault) -> mode_t { try status(path).permissions }
    func chmod(_ path: String, _ mode: mode_t) throws(Fault) { try sys("chmod") { Glibc.chmod(path, mode) } }

    /// - Parameters: `nil` leaves it.
    func chown(_ path: String, _ user: uid_t?, _ group: gid_t?) throws(Fault) {
        try sys("chown") { Glibc.chown(path, user ?? .max, group ?? .max) }
    }

    func lchown(_ path: String, _ user: uid_t?, _ group: gid_t?) throws(Fault) {
        try sys("lchown") { Glibc.lchown(path, user ?? .max, group ?? .max) }
    }

    func truncate(_ path: String, _ size: Int) throws(Fault) { try sys("truncate") { Glibc.truncate(path, off_t(size)) } }
    func access(_ path: String, _ mode: Int32) throws(Fault) { try sys("access") { Glibc.access(path, mode) } }

    /// - Parameter times: of access and of modification; `nil` is now.
    func utimens(_ path: String, _ times: [timespec]?, _ flags: Int32 = 0) throws(Fault) {
        try sys("utimensat") { utimensat(AT_FDCWD, path, times, flags) }
    }

    func space(_ path: String = ".") throws(Fault) -> statvfs {
        var answer = statvfs()
        try sys("statvfs") { statvfs(path, &answer) }
        return answer
    }

    // MARK: Extended attributes

    func setAttribute(_ path: String, _ name: String, _ value: [UInt8], _ flags: Int32 = 0, follows: Bool = true) throws(Fault) {
        try sys("setxattr") {
            follows
                ? calls_setxattr(path, name, value, value.count, flags) : calls_lsetxattr(path, name, value, value.count, flags)
        }
    }

    func attribute(_ path: String, _ name: String, room: Int = 70_000, follows: Bool = true) throws(Fault) -> [UInt8] {
        var value = [UInt8](repeating: 0, count: room)
        let count = try sys("getxattr") {
            follows ? calls_getxattr(path, name, &value, room) : calls_lgetxattr(path, name, &value, room)
        }
        return room == 0 ? [UInt8](repeating: 0, count: count) : Array(value[..<count])
    }

    func attributes(_ path: String, room: Int = 70_000) throws(Fault) -> [String] {
        var list = [CChar](repeating: 0, count: room)
        let count = try sys("listxattr") { calls_listxattr(path, &list, room) }
        return list[..<count].split(separator: 0).map { String(decoding: $0.map(UInt8.init(bitPattern:)), as: UTF8.self) }
    }

    func removeAttribute(_ path: String, _ name: String) throws(Fault) {
        try sys("removexattr") { calls_removexattr(path, name) }
    }

    // MARK: Links and directories

    func target(_ path: String, room: Int = 5000) throws(Fault) -> [UInt8] {
        var bytes = [CChar](repeating: 0, count: room)
        let count = try sys("readlink") { readlink(path, &bytes, room) }
        return bytes[..<count].map(UInt8.init(bitPattern:))
    }

    func chdir(_ path: String) throws(Fault) { try sys("chdir") { Glibc.chdir(path) } }

    func names(_ path: String) throws(Fault) -> [String] { try OpenDirectory(path).rest().filter { $0 != "." && $0 != ".." } }

    /// A path of as many bytes to the same file.
    func padded(_ path: String, to length: Int) -> String {
        let missing = length - path.utf8.count
        // Two slashes are one.
        let odd = missing % 2 == 1 ? ".//" : ""
        return odd + String(repeating: "./", count: (missing - odd.utf8.count) / 2) + path
    }
}
