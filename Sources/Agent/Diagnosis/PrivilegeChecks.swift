import Configuration
import Glibc
import Resources
import Sandbox

/// Who runs as whom, and who may talk to whom.
struct PrivilegeChecks {
    let configuration: AgentConfiguration
    /// Asked in this very moment.
    let warden: WardenAnswer

    enum WardenAnswer: Sendable {
        /// The node is configured to have none.
        case absent
        case greeted(WardenHello)
        /// Its socket is not for the user of this process.
        case denied(String)
        case failed(String)
    }

    /// - Parameter client: an open one, or `nil` for a new connection.
    static func ask(_ client: WardenClient?, _ configuration: AgentConfiguration) async -> PrivilegeChecks {
        guard case .path(let path) = configuration.warden else {
            return PrivilegeChecks(configuration: configuration, warden: .absent)
        }
        do {
            let hello = try await (client ?? WardenClient(socket: path, release: Software.version)).hello()
            return PrivilegeChecks(configuration: configuration, warden: .greeted(hello))
        } catch let error as WardenUnreachable where error.isDenied {
            return PrivilegeChecks(configuration: configuration, warden: .denied(error.description))
        } catch {
            return PrivilegeChecks(configuration: configuration, warden: .failed("\(error)"))
        }
    }

    /// - Parameter isAgent: this process is the agent, so that what is true of it is true of the agent.
    func findings(isAgent: Bool) -> [Finding] {
        isAgent ? [user, socket] + wardenFindings(isAgent: true) : wardenFindings(isAgent: false)
    }

    private var user: Finding {
        guard geteuid() == 0 else { return .fine(.privileges, "agent", "runs as \(UserName.of(geteuid()))") }
        return .warning(
            .privileges, "agent", "runs as root, and needs not",
            remedy: "run surplusd as a user of its own, and only surplus-warden as root (Docs/install.md)")
    }

    private var socket: Finding {
        var status = stat()
        guard stat(configuration.socket, &status) == 0 else {
            return .fault(
                .privileges, "socket", "\(configuration.socket) is gone: nobody can call the agent",
                remedy: "start the agent again; let nothing clean up below its directory")
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        guard status.st_mode & 0o002 == 0 else {
            return .warning(
                .privileges, "socket", "everybody on this machine may call the agent (mode \(mode))",
                remedy: "chmod 660 \(configuration.socket)")
        }
        return .fine(.privileges, "socket", "mode \(mode), for user \(status.st_uid) and group \(status.st_gid)")
    }

    private func wardenFindings(isAgent: Bool) -> [Finding] {
        switch warden {
        case .absent: return [.note(.privileges, "warden", "configured without one: this node only borrows")]
        case .denied(let reason) where !isAgent:
            return [
                .warning(
                    .privileges, "warden", "it was not asked: \(reason)",
                    remedy: "look as root or as the user that runs the agent")
            ]
        case .denied(let reason):
            return [
                .fault(
                    .privileges, "warden", "it cannot be asked, nothing is lent: \(reason)",
                    remedy:
                        "start surplus-warden with --agent-uid \(geteuid()), and let the agent's user into the socket's directory"
                )
            ]
        case .failed(let reason):
            return [
                .fault(
                    .privileges, "warden", "it cannot be asked, nothing is lent: \(reason)",
                    remedy: "start surplus-warden as root, with --agent-uid of the agent's user; see its log")
            ]
        case .greeted(let hello):
            let limits = Self.limits(hello)
            let sandbox: Finding? = hello.sandboxFault.map {
                .fault(.privileges, "guests", "no program can be run here: \($0)", remedy: "see the log of surplus-warden")
            }
            return [.fine(.privileges, "warden", "answers, release \(hello.release)"), limits] + [sandbox].compactMap(\.self)
        }
    }

    private static func limits(_ hello: WardenHello) -> Finding {
        if hello.enforcement.hasPrefix("none") {
            return .warning(
                .privileges, "limits", "not enforced (\(hello.enforcement))",
                remedy: "run surplus-warden as root; if it does, its log says what this machine lacks")
        }
        let text = "enforced by \(hello.enforcement)"
        guard hello.hasExceptions else { return .fine(.privileges, "limits", text) }
        return .warning(
            .privileges, "limits", text,
            remedy: "have the kernel limit disks (the controller io, with cgroup v1 blkio), or live with it")
    }
}
