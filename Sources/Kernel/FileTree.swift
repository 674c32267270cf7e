import CLinux
import Glibc

/// Whole directory trees that strangers have filled: handled through descriptors, so that no link inside leads outside, and with
/// few of them open however deep the tree is.
package struct FileTree: Sendable {
    /// Deeper trees are refused where they cannot be taken apart: each level costs three descriptors.
    private static let deepest = 128

    private let path: String

    package init(_ path: String) { self.path = path }

    /// Gives every file and directory that belongs to `former` to `owner`. What belongs to anybody else is refused, for it can
    /// only be there by a hard link.
    ///
    /// - Throws: ``KernelError``; part of the tree may have changed hands then, and calling again goes on.
    package func give(to owner: uid_t, group: gid_t, from former: uid_t) throws(KernelError) {
        let top = try Self.openDirectory(path, in: AT_FDCWD, called: path)
        defer { close(top) }
        try Self.give(top, path, to: (owner, group), from: former, depth: 0)
    }

    /// Deletes the tree; harmless when there is none.
    package func remove() throws(KernelError) {
        guard access(path, F_OK) == 0 || errno != ENOENT else { return }
        let top = try Self.openDirectory(path, in: AT_FDCWD, called: path)
        defer { close(top) }
        var number = 0
        while true {
            let names = try Self.names(in: top, path, atMost: Self.portion)
            if names.isEmpty { break }
            for name in names { try remove(name, in: top, &number) }
        }
        guard rmdir(path) == 0 || errno == ENOENT else { throw KernelError("remove \(path)", errno) }
    }

    /// A file's name as the kernel has it: any bytes, with a zero at the end.
    private typealias Name = [CChar]

    /// So many names are read at a time, however many there are.
    private static let portion = 1024

    /// Deletes one entry of the top directory. Directories inside it are moved up to the top, to be deleted later, so that depth
    /// never matters.
    private func remove(_ name: Name, in top: Int32, _ number: inout Int) throws(KernelError) {
        if unlinkat(top, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw KernelError("remove a file in \(path)", errno) }
        allowAccess(name, in: top)
        let directory = try Self.openDirectory(name, in: top, called: path)
        defer { close(directory) }
        while true {
            let children = try Self.names(in: directory, path, atMost: Self.portion)
            if children.isEmpty { break }
            for child in children where unlinkat(directory, child, 0) != 0 {
                allowAccess(child, in: directory)
                repeat { number += 1 } while faccessat(top, ".removed-\(number)", F_OK, AT_SYMLINK_NOFOLLOW) == 0
                guard renameat(directory, child, top, ".removed-\(number)") == 0 else {
                    throw KernelError("move a directory in \(path)", errno)
                }
            }
        }
        guard unlinkat(top, name, AT_REMOVEDIR) == 0 else { throw KernelError("remove a directory in \(path)", errno) }
    }

    /// A guest of the same user may have forbidden its own directories to itself. Root needs no permission, and must not follow
    /// what may have become a link meanwhile.
    private func allowAccess(_ name: Name, in directory: Int32) {
        if geteuid() != 0 { fchmodat(directory, name, 0o700, 0) }
    }

    private static func give(
        _ directory: Int32, _ path: String, to owner: (user: uid_t, group: gid_t), from former: uid_t, depth: Int
    ) throws(KernelError) {
        guard depth < deepest else { throw KernelError("give away \(path), nested more than \(deepest) deep", ELOOP) }
        let stream = try list(directory, path)
        defer { closedir(stream) }
        while let name = next(in: stream) {
            let entry = openat(directory, name, Int32(SURPLUS_O_PATH) | O_NOFOLLOW | O_CLOEXEC)
            guard entry >= 0 else {
                if errno == ENOENT { continue }
                throw KernelError("open a file in \(path)", errno)
            }
            defer { close(entry) }
            guard try change(entry, path, to: owner, from: former) else { continue }
            let child = try openDirectory([0x2e, 0], in: entry, called: path)
            defer { close(child) }
            try give(child, "\(path)/\(text(name))", to: owner, from: former, depth: depth + 1)
        }
        _ = try change(directory, path, to: owner, from: former)
    }

    /// - Returns: whether it is a directory.
    private static func change(
        _ entry: Int32, _ path: String, to owner: (user: uid_t, group: gid_t), from former: uid_t
    ) throws(KernelError) -> Bool {
        var status = stat()
        guard fstat(entry, &status) == 0 else { throw KernelError("look at a file in \(path)", errno) }
        let isDirectory = status.st_mode & Glibc.S_IFMT == Glibc.S_IFDIR
        if status.st_uid == owner.user { return isDirectory }
        guard status.st_uid == former else {
            throw KernelError("give away a file in \(path) that belongs to user \(status.st_uid)", EPERM)
        }
        guard fchownat(entry, "", owner.user, owner.group, Int32(SURPLUS_AT_EMPTY_PATH)) == 0 else {
            throw KernelError("give away a file in \(path)", errno)
        }
        return isDirectory
    }

    private static func openDirectory(_ name: Name, in directory: Int32, called path: String) throws(KernelError) -> Int32 {
        let descriptor = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open \(path)", errno) }
        return descriptor
    }

    private static func openDirectory(_ path: String, in directory: Int32, called: String) throws(KernelError) -> Int32 {
        try openDirectory(path.utf8CString.map { $0 }, in: directory, called: called)
    }

    private static func list(_ directory: Int32, _ path: String) throws(KernelError) -> OpaquePointer {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { throw KernelError("list \(path)", errno) }
        return stream
    }

    private static func next(in stream: OpaquePointer) -> Name? {
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } }
            if name != [0x2e] && name != [0x2e, 0x2e] { return name + [0] }
        }
        return nil
    }

    private static func names(in directory: Int32, _ path: String, atMost limit: Int) throws(KernelError) -> [Name] {
        let stream = try list(directory, path)
        defer { closedir(stream) }
        var names: [Name] = []
        while names.count < limit, let name = next(in: stream) { names.append(name) }
        return names
    }

    private static func text(_ name: Name) -> String {
        String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
