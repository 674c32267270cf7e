import Glibc

/// Moves what was received to where it belongs. Each file takes the place of an older one in one step, so that nobody ever
/// sees half of it; directories are joined with those that are there.
enum OutputPlacement {
    /// - Parameter staged: on the same file system as `destination`. Moved as a whole where nothing is in the way.
    /// - Throws: ``Failure`` when something else is in the way.
    static func move(_ staged: String, to destination: String) throws(Failure) {
        let isDirectory = FileKind(of: staged, followingLinks: false) == .directory
        switch (isDirectory, FileKind(of: destination, followingLinks: false)) {
        case (true, .directory):
            for name in try names(in: staged) { try move("\(staged)/\(name)", to: "\(destination)/\(name)") }
        case (true, .file), (true, .other):
            throw Failure(object: destination, fault: "no directory", remedy: "move it away, or choose another place")
        case (false, .directory):
            throw Failure(
                object: destination, fault: "a directory is in the way of a file", remedy: "move it away, or choose another place"
            )
        case (_, nil), (false, .file), (false, .other):
            guard rename(staged, destination) == 0 else { throw Failure(destination, errno: errno) }
        }
    }

    /// The entries of a directory, without `.` and `..`.
    static func names(in directory: String) throws(Failure) -> [String] {
        guard let stream = opendir(directory) else { throw Failure(directory, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes the directories above `path` that are missing.
    static func makeParents(of path: String) throws(Failure) {
        var position = path.startIndex
        while let slash = path[position...].dropFirst().firstIndex(of: "/") {
            let parent = String(path[..<slash])
            guard mkdir(parent, 0o777) == 0 || errno == EEXIST else { throw Failure(parent, errno: errno) }
            position = slash
        }
    }

    /// Removes a file or a whole directory, never following links.
    static func remove(_ path: String) {
        if FileKind(of: path, followingLinks: false) == .directory {
            for name in (try? names(in: path)) ?? [] { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
