import Glibc
import Kernel

/// What the running kernel and the installed programs offer for holding guests.
struct KernelChecks {
    let kernel: any KernelCalls
    /// Where a program is; `nil` when it is not installed.
    let program: (String) -> String?

    init(kernel: any KernelCalls = LinuxKernel(), program: @escaping (String) -> String? = KernelChecks.installed) {
        self.kernel = kernel
        self.program = program
    }

    var findings: [Finding] { [controlGroups, delegation, pressure, userNamespaces, sandbox, trafficControl] }

    private var controlGroups: Finding {
        do throws(KernelError) {
            let groups = try ControlGroups.detect(kernel: kernel)
            return .fine(.kernel, "control groups", "\(groups.kind) with cpu and memory")
        } catch {
            return .warning(
                .kernel, "control groups", "limits cannot be enforced: \(error)",
                remedy: "mount cgroup2 at /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy=1")
        }
    }

    /// Only version 2 knows delegation. The warden runs as root and needs none.
    private var delegation: Finding {
        let name = "delegation"
        // What cannot be read is not there: these files are open to everyone where they are.
        guard let own = try? kernel.read("/proc/self/cgroup"),
            let line = own.split(separator: "\n").first(where: { $0.hasPrefix("0::") }),
            kernel.exists("/sys/fs/cgroup/cgroup.controllers")
        else { return .note(.kernel, name, "none: that is a matter of cgroup v2") }
        let group = "/sys/fs/cgroup" + line.dropFirst(3)
        // a group without the file passes on no controllers
        let delegated = (try? kernel.read("\(group)/cgroup.subtree_control"))?.split(whereSeparator: \.isWhitespace) ?? []
        return .note(
            .kernel, name,
            delegated.isEmpty
                ? "nothing is delegated to \(line.dropFirst(3))"
                : "\(delegated.joined(separator: ", ")) below \(line.dropFirst(3))")
    }

    private var pressure: Finding {
        guard kernel.exists("/proc/pressure/cpu") else {
            return .warning(
                .kernel, "pressure", "the kernel does not measure pressure (PSI)",
                remedy: "boot with psi=1, on Linux 4.20 or newer")
        }
        return .fine(.kernel, "pressure", "measured (PSI)")
    }

    private var userNamespaces: Finding {
        let name = "user namespaces"
        let most = number("/proc/sys/user/max_user_namespaces") ?? 0
        let isAllowed = number("/proc/sys/kernel/unprivileged_userns_clone") != 0
        guard most > 0, isAllowed else {
            return .warning(
                .kernel, name, "users cannot make any; only a warden that runs as root can run guests",
                remedy: "sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1")
        }
        return .fine(.kernel, name, "up to \(most)")
    }

    private var sandbox: Finding {
        guard let path = program("bwrap") else {
            return .fault(
                .kernel, "sandbox", "bubblewrap is not installed: no guest can run", remedy: "apt-get install bubblewrap")
        }
        return .fine(.kernel, "sandbox", "bubblewrap at \(path)")
    }

    private var trafficControl: Finding {
        let found = ["tc", "nft"].map { name in "\(name) \(program(name) == nil ? "is not" : "is") installed" }
        return .note(.kernel, "traffic control", found.joined(separator: ", "))
    }

    private func number(_ path: String) -> Int? {
        // a switch that this kernel does not have
        guard let text = try? kernel.read(path) else { return nil }
        return Int(text.prefix { $0 != "\n" })
    }

    private static func installed(_ name: String) -> String? {
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].lazy.map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}
