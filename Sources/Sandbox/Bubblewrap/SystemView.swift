import Glibc

/// How the host lays out its programs and libraries at the root: most have `/usr` and links into it, some have real folders.
package struct SystemView: Hashable, Sendable {
    /// Links at the root and where they point, such as `/bin` to `usr/bin`.
    package var links: [Link]
    /// Real folders at the root.
    package var folders: [String]
    package var settings: HostSettings
    /// Files in `/proc` that tell of the whole machine, and would tell guests.
    package var hiddenFiles: [String]
    /// Folders in `/proc` that do.
    package var hiddenFolders: [String]

    package struct Link: Hashable, Sendable {
        package var path: String
        package var target: String
        package init(path: String, target: String) {
            self.path = path
            self.target = target
        }
    }

    package init(
        links: [Link], folders: [String], settings: HostSettings = HostSettings(), hiddenFiles: [String] = [],
        hiddenFolders: [String] = []
    ) {
        self.links = links
        self.folders = folders
        self.settings = settings
        self.hiddenFiles = hiddenFiles
        self.hiddenFolders = hiddenFolders
    }

    /// That of the running host.
    package static func current() -> Self {
        var view = Self(
            links: [], folders: [], settings: HostSettings(in: "/etc"),
            hiddenFiles: present([
                "config.gz", "interrupts", "kallsyms", "kcore", "keys", "kmsg", "latency_stats", "modules", "sched_debug",
                "softirqs", "timer_list", "timer_stats", "vmallocinfo", "zoneinfo",
            ]),
            hiddenFolders: present(["acpi", "asound", "scsi"]))
        for path in ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] {
            if let target = linkTarget(of: path) {
                view.links.append(Link(path: path, target: target))
            } else if access(path, F_OK) == 0 {
                view.folders.append(path)
            }
        }
        return view
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
