import Glibc

/// What a file can be.
enum Kind: String, CaseIterable, Sendable, CustomStringConvertible {
    case regular = "a file"
    case directory = "a directory"
    case pipe = "a pipe"
    case socket = "a socket"
    case symbolicLink = "a symbolic link"
    case danglingLink = "a symbolic link to nothing"
    case characterDevice = "a character device"
    case blockDevice = "a block device"

    var description: String { rawValue }

    /// Those that anybody can make.
    static let common: [Kind] = [.regular, .directory, .pipe, .socket, .symbolicLink, .danglingLink]
    static let devices: [Kind] = [.characterDevice, .blockDevice]
    static let links: [Kind] = [.symbolicLink, .danglingLink]

    /// Who can make it.
    var makers: [Account] { Self.devices.contains(self) ? Rules.root : Rules.both }

    var isLink: Bool { Self.links.contains(self) }

    /// As in a mode.
    var type: mode_t {
        switch self {
        case .regular: Glibc.S_IFREG
        case .directory: Glibc.S_IFDIR
        case .pipe: Glibc.S_IFIFO
        case .socket: Glibc.S_IFSOCK
        case .symbolicLink, .danglingLink: Glibc.S_IFLNK
        case .characterDevice: Glibc.S_IFCHR
        case .blockDevice: Glibc.S_IFBLK
        }
    }

    /// - Parameter mode: as stat(2) tells it; a symbolic link is taken for one that leads somewhere.
    init?(mode: mode_t) {
        guard let kind = Self.allCases.first(where: { $0.type == mode & 0o170000 }) else { return nil }
        self = kind
    }
}

extension Scene {
    /// Makes a file of a kind.
    ///
    /// - Parameter mode: less the umask; a symbolic link has none.
    func make(_ kind: Kind, _ path: String, _ mode: mode_t? = nil) throws {
        let mode = mode ?? (kind == .directory ? 0o755 : 0o644)
        switch kind {
        case .regular: _ = try open(path, O_CREAT | O_EXCL | O_WRONLY, mode)
        case .directory: try mkdir(path, mode)
        case .pipe: try mkfifo(path, mode)
        case .socket, .characterDevice, .blockDevice: try mknod(path, kind.type | mode, kind == .socket ? 0 : makedev(7, 9))
        case .symbolicLink:
            if try !exists("target") { _ = try open("target", O_CREAT | O_WRONLY, 0o644) }
            try symlink(directory + "/target", path)
        case .danglingLink: try symlink("nowhere", path)
        }
    }

    /// Makes a regular file with a text in it.
    @discardableResult
    func file(_ path: String, _ text: String = "", mode: mode_t = 0o644) throws -> OpenFile {
        let file = try open(path, O_CREAT | O_EXCL | O_RDWR, mode)
        if !text.isEmpty { try file.write(text) }
        return file
    }

    func text(_ path: String) throws -> String { try open(path, O_RDONLY).text() }

    /// As makedev(3).
    func makedev(_ major: UInt64, _ minor: UInt64) -> dev_t { dev_t(major << 8 | minor) }
}
