import CLinux
import Glibc
import Mounts
import Resources

/// Mounts a shared volume: called by mount(8) for `mount -t surplus` and for lines of fstab(5).
@main
struct MountSurplus {
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "--help", "-h": return say(MountRequest.help, to: STDOUT_FILENO)
        case "--version", "-V": return say("mount.surplus \(Software.version)", to: STDOUT_FILENO)
        default: exit(run(arguments))
        }
    }

    /// - Returns: the status to exit with, as mount(8) wants it.
    private static func run(_ arguments: [String]) -> Int32 {
        do throws(MountFailure) {
            let request = try MountRequest(arguments)
            let report = try Background.start { announcement throws(MountFailure) in
                try VolumeMount(request).run(announcement)
            }
            if request.command.isVerbose { say("mount.surplus: \(report)", to: STDOUT_FILENO) }
            return 0
        } catch {
            say("mount.surplus: \(error)", to: STDERR_FILENO)
            return error.status.rawValue
        }
    }

    private static func say(_ text: String, to descriptor: Int32) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
