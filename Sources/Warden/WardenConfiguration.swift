import Glibc
import Kernel
import Resources

/// How one warden is set up.
package struct WardenConfiguration: Hashable, Sendable {
    /// Where agents reach it.
    package var socket: String
    /// Its directory: policy, leases, jobs.
    package var state: String
    /// Tells its guests from those of other wardens on the machine. Letters, digits, `-`, `_` and `.`, at most 64.
    package var instance: String
    /// The user whose agent may give orders, besides root.
    package var agent: uid_t
    /// Whether control groups and users of the guests' own are used; needs root.
    package var isPrivileged: Bool
    /// The control group below which guests are held, as a path below the mount points; `nil` for the warden's own.
    package var parent: String?
    /// Guests run as users from this number on, so many as there are jobs at once.
    package var firstGuestUser: uid_t
    /// Whether the enforcer says what it would do, and does nothing of it.
    package var isDryRun = false
    /// The most that one job may keep on disk; less where less than twice as much is free.
    package var diskPerJob: Bytes
    /// The roots that jobs may ask for, by name: directories that ``GuestRoot`` takes.
    package var images: [String: String] = [:]
    /// The program that is started with `shim DIRECTORY` for each job.
    package var shimProgram: String

    package init(
        socket: String, state: String, instance: String, agent: uid_t, isPrivileged: Bool, parent: String? = nil,
        firstGuestUser: uid_t? = nil, diskPerJob: Bytes = .gibibytes(4), shimProgram: String = "/proc/self/exe"
    ) {
        self.socket = socket
        self.state = state
        self.instance = instance
        self.agent = agent
        self.isPrivileged = isPrivileged
        self.parent = parent
        self.firstGuestUser = firstGuestUser ?? Self.guestUsers(of: instance)
        self.diskPerJob = diskPerJob
        self.shimProgram = shimProgram
    }

    /// The project that the files of a job belong to, where the file system limits those: numbered as the job's user.
    func quota(ofSlot slot: Int) -> ProjectQuota { ProjectQuota(number: firstGuestUser + UInt32(slot)) }

    /// Whether `name` can be that of an instance.
    package static func accepts(instance name: String) -> Bool {
        let allowed = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
        }
        return allowed && (1...64).contains(name.utf8.count) && !name.hasPrefix(".")
    }

    /// 4096 users for each instance, far above those that systems and containers hand out. Instances on one machine rarely
    /// get the same; if they do, guests are still apart by their namespaces.
    private static func guestUsers(of instance: String) -> uid_t {
        // FNV-1a (Fowler, Noll, Vo): the same instance has the same users after every restart
        let hash = instance.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return 0x6000_0000 + (hash % 4096) * 4096
    }
}
