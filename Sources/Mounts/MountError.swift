/// Why a directory does not become, or stay, a mount point. Nothing has changed then.
package enum MountError: Error, Hashable, Sendable {
    /// The command line is not one of a mount helper.
    case usage(String)
    /// An option, what is wrong with it, and what to do.
    case option(String, fault: String, remedy: String)
    case missing(directory: String)
    case notDirectory(String)
    /// A component of the path cannot be passed, or something else is wrong with it.
    case unreachable(directory: String, reason: String)
    /// Something is mounted there.
    case occupied(directory: String, type: String, source: String)
    /// A volume is mounted there that does not answer.
    case unresponsive(directory: String, source: String)
    /// There are open files on it.
    case inUse(directory: String)
    case noDevice(reason: String)
    case refused(directory: String, reason: String)
    case failed(directory: String, reason: String)
}

extension MountError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .usage(let fault): "\(fault); usage: mount.surplus VOLUME DIRECTORY [-sfnv] [-o OPTION,...]"
        case .option(let name, let fault, let remedy): "option '\(name)': \(fault); \(remedy)"
        case .missing(let directory): "\(directory): there is no such directory; make it first: mkdir \(directory)"
        case .notDirectory(let path): "\(path): not a directory; a volume is mounted on a directory"
        case .unreachable(let directory, let reason):
            "\(directory): failed to open it: \(reason); name a directory that can be opened"
        case .occupied(let directory, let type, let source):
            "\(directory): '\(source)' (\(type)) is mounted there; unmount it first (umount \(directory)) or choose another directory"
        case .unresponsive(let directory, let source):
            "\(directory): '\(source)' is mounted there and does not answer; end it first: umount --force --lazy \(directory)"
        case .inUse(let directory):
            "\(directory): files on it are in use; close them (see fuser -vm \(directory)) or unmount it lazily"
        case .noDevice(let reason):
            """
            /dev/fuse: failed to open it: \(reason); mount as root, let this user open it (chmod 666 /dev/fuse), load the kernel's module \
            (modprobe fuse), or let the container have the device
            """
        case .refused(let directory, let reason):
            "\(directory): the kernel refuses to mount there: \(reason); mount as root, or install fuse3 and own the directory"
        case .failed(let directory, let reason): "\(directory): the mount has failed: \(reason); unmount it and mount again"
        }
    }
}
