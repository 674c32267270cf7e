import Glibc
import Policy
import Resources

/// Everything an agent is told by the owner of its machine.
package struct AgentConfiguration: Hashable, Sendable {
    /// The label this node goes by.
    package var name: String
    /// Absolute. Created with mode 0700 when it is missing.
    package var dataDirectory: String = "/var/lib/surplus"
    /// The Unix socket for local users; absolute.
    package var socket: String = "/run/surplus/agent.sock"
    /// Where other agents connect to.
    package var listen = Endpoint(host: "0.0.0.0", port: 7800)
    /// What others are told; port 0 stands for the port that ``listen`` turned out to have.
    package var advertise: Endpoint
    package var capacity = Capacity()
    package var ownerScope = OwnerScope.everything
    package var policy: PolicyFile
    package var warden = WardenSocket.path("/run/surplus/warden.sock")
    package var log = LogSettings()
    package var limits = JobLimits()
    package var rights = LocalRights()
    package var accounting = AccountingSettings()
    package var story = StoryLimits()
    /// Where the ledger is copied to, continuously; `nil`: nowhere.
    package var standby: Standby?
    /// Where blocks of volumes are kept that others store here; `nil`: no disk is lent.
    package var storage: Storage?
    /// What is done when something happens.
    package var events: [EventHook] = []
    /// How long a clean stop may take.
    package var stopTimeout = Microseconds.seconds(10)

    /// What this node has to share out between owner and guests; `nil`: all that the machine has.
    package struct Capacity: Hashable, Sendable {
        package var cpu: Millicores?
        package var memory: Bytes?
        /// Of the file system that ``AgentConfiguration/storage`` is on.
        package var disk: Bytes?

        package init(cpu: Millicores? = nil, memory: Bytes? = nil, disk: Bytes? = nil) {
            self.cpu = cpu
            self.memory = memory
            self.disk = disk
        }
    }

    /// Whose use of the machine counts as the owner's.
    package enum OwnerScope: Hashable, Sendable {
        /// Everything that is not a guest of any agent on the machine.
        case everything
        /// The processes of this control group and those below it; a path inside the hierarchy, such as `/surplus-dev/node1`.
        case cgroup(String)
    }

    /// Where the warden is reached.
    package enum WardenSocket: Hashable, Sendable {
        /// Absolute.
        case path(String)
        /// There is no warden: this node borrows and lends nothing.
        case none
    }

    package struct LogSettings: Hashable, Sendable {
        /// From the most to the least talkative.
        package enum Level: String, CaseIterable, Sendable { case trace, debug, info, notice, warning, error, critical }
        package enum Format: String, CaseIterable, Sendable { case text, json }

        package var level = Level.info
        package var format = Format.text
    }

    /// Bounds on what jobs bring, leave and how many there are.
    package struct JobLimits: Hashable, Sendable {
        /// The input files of one job together.
        package var inputBytes = Bytes.gibibytes(1)
        /// The output files of one job together, and each of its streams.
        package var outputBytes = Bytes.gibibytes(1)
        /// Guest jobs on this node at one time.
        package var jobs = 64
    }

    /// What is measured, how much of it is kept, and where others may read it.
    package struct AccountingSettings: Hashable, Sendable {
        /// Between two readings; shorter while a threshold is exceeded.
        package var interval = Microseconds.seconds(1)
        /// The most that the history may take on disk.
        package var maximumSize = Bytes.mebibytes(256)
        /// Where the OpenMetrics page is served; `nil`: nowhere. Port 0 lets the system choose.
        package var metrics: Endpoint? = Endpoint(host: "127.0.0.1", port: 7801)
    }

    /// A directory for blocks of volumes, and what it fails together with.
    package struct Storage: Hashable, Sendable {
        /// Absolute.
        package var directory: String
        /// Nodes of one domain may be lost at the same time: copies of a block go to different ones as far as there are any. `nil`: the
        /// node is one of its own.
        package var domain: String?

        package init(directory: String, domain: String? = nil) { (self.directory, self.domain) = (directory, domain) }
    }

    /// A second directory for the ledger, and how much of the past it holds.
    package struct Standby: Hashable, Sendable {
        /// Absolute.
        package var directory: String
        /// How far back points in time can be restored.
        package var history = Microseconds.days(1)
        /// The most that base copies and logs may take; the newest are kept in any case.
        package var maximumSize = Bytes.gibibytes(4)

        package init(directory: String) { self.directory = directory }
    }

    /// How much is kept of what happened. What concerns open leases is kept in any case.
    package struct StoryLimits: Hashable, Sendable {
        package var age = Microseconds.days(90)
        package var events = 1_000_000
    }

    /// The configuration of a file that says nothing: a node that lends nothing, named after the machine.
    package init() throws(ConfigurationError) {
        name = Self.hostName
        advertise = Endpoint(host: Self.hostName, port: listen.port)
        policy = try .shipped(.closed)
    }

    /// The machine's name, or `node` where that cannot be one.
    static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "node" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return Label.isValid(name) ? name : "node"
    }
}
