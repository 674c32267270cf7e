import Glibc

/// The programs, libraries and settings that a guest sees: the host's, or those of a ``GuestRoot``.
package struct SystemView: Hashable, Sendable {
    /// Links at the root and where they point, such as `/bin` to `usr/bin`.
    package var links: [Link]
    /// Real folders at the root, and what is seen there.
    package var folders: [Folder]
    package var settings: HostSettings
    /// Files that are there already and are covered by those made for the guest; `nil` where all of those are made anew.
    package var covered: Set<String>?
    /// Files in `/proc` that tell of the whole machine, and would tell guests.
    package var hiddenFiles: [String]
    /// Folders in `/proc` that do.
    package var hiddenFolders: [String]

    /// A folder of the host, and where guests see it.
    package struct Folder: Hashable, Sendable {
        package var source: String
        package var path: String
        package init(source: String, path: String) {
            self.source = source
            self.path = path
        }
    }

    package struct Link: Hashable, Sendable {
        package var path: String
        package var target: String
        package init(path: String, target: String) {
            self.path = path
            self.target = target
        }
    }

    package init(
        links: [Link], folders: [Folder], settings: HostSettings = HostSettings(), hiddenFiles: [String] = [],
        hiddenFolders: [String] = []
    ) {
        self.links = links
        self.folders = folders
        self.settings = settings
        self.hiddenFiles = hiddenFiles
        self.hiddenFolders = hiddenFolders
    }

    /// That of the running host: most have `/usr` and links into it, some have real folders.
    package static func current() -> Self {
        var view = Self(links: [], folders: [Folder(source: "/usr", path: "/usr")], settings: HostSettings(in: "/etc"))
        view.hideMachine()
        for path in ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] {
            if let target = linkTarget(of: path) {
                view.links.append(Link(path: path, target: target))
            } else if access(path, F_OK) == 0 {
                view.folders.append(Folder(source: path, path: path))
            }
        }
        return view
    }

    /// That of a root of its own.
    package init(of root: GuestRoot) {
        self.init(links: root.links, folders: root.folders.map { Folder(source: "\(root.path)/\($0)", path: "/" + $0) })
        if root.folders.contains("etc") { covered = Set(BubblewrapCommand.ownPaths.filter(root.hasFile)) }
        hideMachine()
    }

    private mutating func hideMachine() {
        hiddenFiles = Self.present([
            "config.gz", "interrupts", "kallsyms", "kcore", "keys", "kmsg", "latency_stats", "modules", "sched_debug",
            "softirqs", "timer_list", "timer_stats", "vmallocinfo", "zoneinfo",
        ])
        hiddenFolders = Self.present(["acpi", "asound", "scsi"])
    }

    /// Those that this kernel has and that everybody may read. What only root may read needs no mask: guests are never root.
    private static func present(_ names: [String]) -> [String] {
        names.map { "/proc/" + $0 }.filter { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & (Glibc.S_IROTH | Glibc.S_IXOTH) != 0
        }
    }

    static func linkTarget(of path: String) -> String? {
        let bytes = [CChar](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = max(0, readlink(path, start, buffer.count))
        }
        return bytes.isEmpty ? nil : String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
