import Glibc
import Mounts

/// What is to be mounted where, and how.
struct MountRequest: Sendable {
    static let defaultSocket = "/run/surplus/agent.sock"

    /// Options of this program, besides those of all mounts.
    private enum Own: String, CaseIterable {
        case agent, log
    }

    let command: MountCommand
    /// The agent's socket.
    let socket: String
    /// A file that the log is appended to; `nil` for syslog(3).
    let log: String?

    /// - Parameter arguments: without the program's name.
    init(_ arguments: [String]) throws(MountFailure) {
        do throws(MountError) {
            command = try MountCommand(arguments, own: Set(Own.allCases.map(\.rawValue)))
        } catch { throw MountFailure(error) }
        let own = command.options.own
        let variable = getenv("SURPLUS_SOCKET").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        socket = own[Own.agent.rawValue] ?? variable ?? Self.defaultSocket
        log = own[Own.log.rawValue]
        for (name, path) in own where !path.hasPrefix("/") {
            throw MountFailure(.usage, "option '\(name)': '\(path)' is no absolute path; write it from / on")
        }
        guard command.volume.utf8.count <= 128, !command.volume.contains("/") else {
            throw MountFailure(
                .usage, "'\(command.volume.prefix(80))' is no volume's name or id; 'surplus volume list' shows those there are")
        }
    }

    static let help = """
        usage: mount.surplus VOLUME DIRECTORY [-sfnv] [-o OPTION,...]

        Mounts a shared volume, by its name or id; usually called as
          mount -t surplus VOLUME DIRECTORY
        or from a line of /etc/fstab:
          VOLUME  DIRECTORY  surplus  _netdev,nofail,x-systemd.automount,x-systemd.mount-timeout=60  0 0

          -f  check everything, mount nothing
          -v  say what was done
          -s  pass over options that are not known
          -n  no effect: there is no table of mounts to write

        options, besides those of every mount (ro, noexec, suid, dev, noatime, sync, dirsync):
          allow_other    everybody may use it, as far as permissions go; otherwise only who mounts it
          allow_root     who mounts it, and root
          agent=SOCKET   the agent's socket; otherwise $SURPLUS_SOCKET, else \(defaultSocket)
          log=FILE       where to write its log; otherwise to syslog

        exit status: 0 mounted, 1 wrong command line or a right missing, 2 the system lacks something, 32 not mounted
        """
}
