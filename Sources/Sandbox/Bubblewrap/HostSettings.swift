import Glibc
import Kernel

/// The host's settings that programs need to find libraries, names, time zones and certificates, by how a sandbox gets them.
///
/// Each mount costs bubblewrap more than the one before, so that files are copied as long as they are not large, and only
/// directories are mounted.
package struct HostSettings: Hashable, Sendable {
    /// Links to programs' own data, such as `/etc/localtime` to `/usr/share/zoneinfo/Europe/Berlin`.
    package var links: [SystemView.Link] = []
    /// Files to be copied, as they are now.
    package var files: [BubblewrapCommand.OwnFile] = []
    /// What is to be mounted: directories, large files.
    package var mounts: [String] = []

    private static let names = [
        "alternatives", "ca-certificates", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types",
        "nsswitch.conf", "pki", "protocols", "services", "ssl/certs", "ssl/openssl.cnf", "timezone",
    ]
    private static let largest = 128 << 10

    package init(links: [SystemView.Link] = [], files: [BubblewrapCommand.OwnFile] = [], mounts: [String] = []) {
        self.links = links
        self.files = files
        self.mounts = mounts
    }

    /// Those of a directory, which is `/etc` but in tests.
    package init(in directory: String) {
        for name in Self.names { add(name, of: directory) }
    }

    private mutating func add(_ name: String, of directory: String) {
        let (source, path) = ("\(directory)/\(name)", "/etc/\(name)")
        if let target = SystemView.linkTarget(of: source), target.hasPrefix("/usr/") {
            return links.append(SystemView.Link(path: path, target: target))
        }
        var status = stat()
        guard stat(source, &status) == 0 else { return }
        if status.st_mode & Glibc.S_IFMT == Glibc.S_IFREG, let content = Self.content(of: source) {
            files.append(BubblewrapCommand.OwnFile(path: path, content: content))
        } else {
            mounts.append(path)
        }
    }

    /// `nil` for what is too large to be copied, or cannot be read.
    private static func content(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let content = try? Descriptor.read(descriptor, atMost: largest + 1, of: path)
        return content.flatMap { $0 }.flatMap { $0.count > largest ? nil : $0 }
    }
}
