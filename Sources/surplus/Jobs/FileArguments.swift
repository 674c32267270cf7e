import Glibc

/// `--input FILE[:NAME]`: a file or directory that goes with the job, and its name there.
struct InputArgument: Equatable {
    let path: String
    let name: String

    /// - Throws: ``Failure`` when there is no such file, or the name leads out of the job's directory.
    init(_ text: String) throws(Failure) {
        (path, name) = try Self.split(text)
        guard Paths.isInside(name) else {
            throw Failure(
                object: "--input \(text)", fault: "'\(name)' leads out of the job's directory",
                remedy: "write FILE:NAME with a relative name")
        }
    }

    /// A file whose own name has a colon in it is meant when there is one.
    private static func split(_ text: String) throws(Failure) -> (path: String, name: String) {
        if FileKind(of: text) != nil { return (text, Paths.base(text)) }
        let code = errno
        guard let colon = text.lastIndex(of: ":"), FileKind(of: String(text[..<colon])) != nil else {
            throw Failure("--input \(text)", errno: code, remedy: "name a file or directory that you can read")
        }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}

/// `--output NAME[:LOCALPATH]`: a file or directory that the program makes, and where it goes here.
struct OutputArgument: Equatable {
    let name: String
    let destination: String

    /// - Throws: ``Failure`` when the name leads out of the job's directory.
    init(_ text: String) throws(Failure) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        name = parts[0].hasSuffix("/") ? String(parts[0].dropLast()) : parts[0]
        guard Paths.isInside(name) else {
            throw Failure(
                object: "--output \(text)", fault: "'\(name)' is not in the job's directory",
                remedy: "write NAME or NAME:LOCALPATH with a relative name")
        }
        let local = parts.count > 1 ? parts[1] : name
        guard !local.isEmpty else {
            throw Failure(object: "--output \(text)", fault: "no local path behind the colon", remedy: "leave the colon out")
        }
        destination = local.hasSuffix("/") ? local + Paths.base(name) : local
    }
}

/// Where the outputs of a job go.
struct OutputRequests: Equatable {
    private let explicit: [OutputArgument]
    private let directory: String

    /// To the places given.
    static func exactly(_ outputs: [OutputArgument]) -> Self { Self(explicit: outputs, directory: ".") }
    /// To a directory, under the names they have in the job.
    static func asNamed(under directory: String) -> Self { Self(explicit: [], directory: directory) }

    func destination(of name: String) -> String {
        explicit.first { $0.name == name }?.destination ?? (directory == "." ? name : "\(directory)/\(name)")
    }
}

/// Questions about paths.
enum Paths {
    /// Whether `name` can be in a job's directory: relative, staying inside, without components that mean nothing.
    static func isInside(_ name: String) -> Bool {
        guard !name.utf8.contains(0), name.utf8.count < Int(PATH_MAX) else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    /// The last component; of a directory that has no name of its own, such as `..`, the one it really has.
    static func base(_ path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? "."
        guard last == "." || last == "..", let real = real(path) else { return last }
        return real.split(separator: "/").last.map(String.init) ?? "root"
    }

    /// The absolute path without links; `nil`, with the reason in `errno`, when there is nothing.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// What a path leads to.
enum FileKind: Equatable {
    case file, directory, other

    /// `nil`, with the reason in `errno`, when there is nothing.
    init?(of path: String, followingLinks: Bool = true) {
        var status = Glibc.stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        default: self = .other
        }
    }
}
