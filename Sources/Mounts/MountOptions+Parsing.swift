/// What mount(8), fstab and users say, and where it goes:
///
/// - to the kernel: `ro`, `rw`, `suid`, `nosuid`, `dev`, `nodev`, `exec`, `noexec`, `sync`, `async`, `dirsync`, `noatime`;
/// - to libfuse: `allow_other`, `allow_root`;
/// - to the file system: `noatime`, as the kernel leaves times of access to it, and options of the program's own;
/// - nowhere: `defaults`, `_netdev`, `nofail`, `auto`, `noauto`, `user` and its like, `x-*` and what else others have dealt with.
extension MountOptions {
    /// Options of which one excludes the others.
    private enum Choice {
        case writing, access, setID, devices, programs, accessTimes, writes, directories, start, mounter
    }

    /// - Parameters:
    ///   - lists: What stood after each `-o` of a command line: options with commas between them. Empty ones count for nothing.
    ///   - own: Names of options with a value that are the program's own.
    ///   - skipsUnknown: Unknown options are no fault.
    package init(_ lists: [String], own: Set<String> = [], skipsUnknown: Bool = false) throws(MountError) {
        self.init()
        var chosen: [Choice: String] = [:]
        for option in lists.flatMap({ $0.split(separator: ",") }) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
            let (name, value) = (parts[0], parts.count > 1 ? parts[1] : nil)
            guard !own.contains(name) else {
                try takeOwn(name, value)
                continue
            }
            if Self.ignored.contains(name) || name.lowercased().hasPrefix("x-") { continue }
            guard let choice = take(name) else {
                if skipsUnknown { continue }
                throw Self.unknown(name, own)
            }
            guard value == nil || name == "user" else {
                throw .option(name, fault: "takes no value", remedy: "write '\(name)' alone")
            }
            if let other = chosen.updateValue(name, forKey: choice), other != name {
                throw .option(name, fault: "contradicts '\(other)'", remedy: "keep one of the two")
            }
        }
    }

    private mutating func takeOwn(_ name: String, _ value: String?) throws(MountError) {
        guard let value, !value.isEmpty else { throw .option(name, fault: "has no value", remedy: "write '\(name)=VALUE'") }
        if let other = own.updateValue(value, forKey: name), other != value {
            throw .option(name, fault: "is both '\(other)' and '\(value)'", remedy: "keep one of the two")
        }
    }

    /// - Returns: What the option is about, or nil when there is no such option.
    private mutating func take(_ name: String) -> Choice? {
        switch name {
        case "ro", "rw":
            isReadOnly = name == "ro"
            return .writing
        case "allow_other", "allow_root":
            access = name == "allow_other" ? .everybody : .mounterAndRoot
            return .access
        case "suid", "nosuid":
            heedsSetID = name == "suid"
            return .setID
        case "dev", "nodev":
            hasDevices = name == "dev"
            return .devices
        case "exec", "noexec":
            runsPrograms = name == "exec"
            return .programs
        case "atime", "noatime", "relatime", "strictatime":
            recordsAccess = name != "noatime"
            return .accessTimes
        case "sync", "async":
            isSynchronous = name == "sync"
            return .writes
        case "dirsync":
            hasSynchronousDirectories = true
            return .directories
        case "auto", "noauto": return .start
        case "user", "users", "nouser", "owner", "group": return .mounter
        default: return nil
        }
    }

    /// What mount(8) and systemd have settled before they call a helper, and what has no meaning here.
    private static let ignored: Set<String> = [
        "defaults", "_netdev", "nofail", "comment", "uhelper", "helper", "nodiratime", "diratime", "lazytime", "nolazytime",
        "silent",
        "loud",
    ]

    private static func unknown(_ name: String, _ own: Set<String>) -> MountError {
        guard name != "remount" else {
            return .option(name, fault: "a mounted volume does not change its options", remedy: "unmount it and mount it again")
        }
        let all = ["ro", "allow_other", "allow_root", "suid", "dev", "noexec", "noatime", "sync", "dirsync"] + own.sorted()
        return .option(name, fault: "there is no such option", remedy: "leave it out; there are: " + all.joined(separator: ", "))
    }
}
