import Policy
import Resources
import ShippedPolicies

extension AgentConfiguration {
    /// Reads an agent's configuration and the policy it names. Relative paths in it start at the file's own directory.
    ///
    /// - Throws: the first fault found, in either file.
    package static func load(path: String) throws(ConfigurationError) -> AgentConfiguration {
        try AgentConfiguration(bytes: try SourceFile.read(path), file: path)
    }

    /// - Parameter file: the path that errors mention and that relative paths start beside.
    package init(bytes: [UInt8], file: String) throws(ConfigurationError) {
        self = try AgentReader(directory: SourceFile.directory(of: file))
            .configuration(from: try YAMLDocument.root(of: bytes, file: file))
    }

    /// What is allowed but probably not meant, each with its place in a file.
    package var notes: [String] { policy.notes }
}

/// Reads an agent's configuration out of a document, key by key. The first error wins.
private struct AgentReader {
    let directory: String

    private enum Key: String, CaseIterable {
        case name, socket, listen, advertise, capacity, owner, policy, warden, log, limits, rights, accounting, story, events,
            ledger, storage
        case dataDirectory = "data_directory"
        case stopTimeout = "stop_timeout"
    }
    private enum CapacityKey: String, CaseIterable { case cpu, memory, disk }
    private enum OwnerKey: String, CaseIterable { case scope }
    private enum ScopeKey: String, CaseIterable { case cgroup }
    private enum ScopeWord: String, CaseIterable { case everything }
    private enum WardenKey: String, CaseIterable { case socket }
    private enum WardenWord: String, CaseIterable { case none }
    private enum LogKey: String, CaseIterable { case level, format }
    private enum LedgerKey: String, CaseIterable { case standby }
    private enum StandbyKey: String, CaseIterable {
        case directory, history
        case maximumSize = "maximum_size"
    }
    private enum StorageKey: String, CaseIterable { case directory, domain }
    private enum StoryKey: String, CaseIterable { case age, events }
    private enum LimitsKey: String, CaseIterable {
        case jobs
        case jobInput = "job_input"
        case jobOutput = "job_output"
    }

    private enum AccountingKey: String, CaseIterable {
        case interval, metrics
        case maximumSize = "maximum_size"
    }
    private enum MetricsWord: String, CaseIterable { case none }

    func configuration(from root: YAMLValue) throws(ConfigurationError) -> AgentConfiguration {
        let keys = try root.mapping(of: Key.self)
        var result = try AgentConfiguration()
        if let name = keys[.name] { result.name = try Label.read(name) }
        if let path = keys[.dataDirectory] { result.dataDirectory = try absolutePath(path) }
        if let path = keys[.socket] { result.socket = try socketPath(path) }
        try readAddresses(keys, into: &result)
        if let capacity = keys[.capacity] { result.capacity = try self.capacity(capacity) }
        if let owner = keys[.owner] { result.ownerScope = try ownerScope(owner) }
        if let policy = keys[.policy] { result.policy = try self.policy(policy) }
        if let warden = keys[.warden] { result.warden = try self.warden(warden) }
        if let log = keys[.log] { result.log = try self.log(log) }
        if let limits = keys[.limits] { result.limits = try self.limits(limits) }
        if let rights = keys[.rights] { result.rights = try LocalRights(rights) }
        if let accounting = keys[.accounting] { result.accounting = try self.accounting(accounting) }
        if let story = keys[.story] { result.story = try self.story(story) }
        if let ledger = keys[.ledger], let standby = try ledger.mapping(of: LedgerKey.self)[.standby] {
            result.standby = try self.standby(standby)
        }
        if let storage = keys[.storage] { result.storage = try self.storage(storage) }
        if result.capacity.disk != nil, result.storage == nil, let capacity = keys[.capacity] {
            throw capacity.fault("has disk, but no directory to lend it in; add 'storage: /path/to/directory'")
        }
        if let events = keys[.events] { result.events = try EventHooksReader(directory: directory).hooks(events) }
        if let timeout = keys[.stopTimeout] { result.stopTimeout = try timeout.quantity(.seconds(1) ... .minutes(10)) }
        if case .path(result.socket) = result.warden, let socket = keys[.socket] ?? keys[.warden] {
            throw socket.fault("contradicts: agent and warden cannot share the socket \(result.socket)")
        }
        return result
    }

    // MARK: Paths and addresses

    private func absolutePath(_ value: YAMLValue) throws(ConfigurationError) -> String {
        SourceFile.resolve(try value.string(), in: directory)
    }

    private func socketPath(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let path = try absolutePath(value)
        guard path.utf8.count <= 107 else {
            throw value.fault("is the path '\(path)'; the system allows 107 bytes for a socket, choose a shorter one")
        }
        return path
    }

    private func readAddresses(
        _ keys: YAMLMapping<Key>, into result: inout AgentConfiguration
    ) throws(ConfigurationError) {
        if let listen = keys[.listen] { result.listen = try endpoint(listen) }
        guard let advertise = keys[.advertise] else {
            let host = result.listen.isWildcard ? AgentConfiguration.hostName : result.listen.host
            result.advertise = Endpoint(host: host, port: result.listen.port)
            return
        }
        result.advertise = try endpoint(advertise)
        guard !result.advertise.isWildcard else {
            throw advertise.fault("is \(result.advertise), which leads nowhere; write a name or address of this machine")
        }
    }

    private func endpoint(_ value: YAMLValue) throws(ConfigurationError) -> Endpoint {
        let text = try value.string()
        guard let endpoint = Endpoint(text) else {
            throw value.fault("is '\(text.prefix(64))'; write host:port, such as 10.0.0.7:7800 or [fd00::7]:7800")
        }
        return endpoint
    }

    // MARK: Sections

    private func capacity(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.Capacity {
        let keys = try value.mapping(of: CapacityKey.self)
        return AgentConfiguration.Capacity(
            cpu: try keys[.cpu]?.quantity(Millicores(1)...Bounds.cpu),
            memory: try keys[.memory]?.quantity(Bytes.mebibytes(1)...Bounds.memory),
            disk: try keys[.disk]?.quantity(Bytes.mebibytes(1)...Bounds.disk))
    }

    private func ownerScope(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.OwnerScope {
        let scope = try value.mapping(of: OwnerKey.self).required(.scope)
        if scope.isScalar {
            _ = try scope.choice(of: ScopeWord.self)
            return .everything
        }
        let group = try scope.mapping(of: ScopeKey.self).required(.cgroup)
        let path = try group.string()
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw group.fault("is '\(path.prefix(64))'; write the group's path in the hierarchy, such as /surplus-dev/node1")
        }
        return .cgroup(path)
    }

    /// A word names a shipped policy; whatever has a point or a slash in it is a path.
    private func policy(_ value: YAMLValue) throws(ConfigurationError) -> PolicyFile {
        let text = try value.string()
        guard text.contains("/") || text.contains(".") else { return try .shipped(try value.choice(of: ShippedPolicy.self)) }
        return try .load(path: SourceFile.resolve(text, in: directory))
    }

    private func warden(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.WardenSocket {
        if value.isScalar {
            _ = try value.choice(of: WardenWord.self)
            return .none
        }
        return .path(try socketPath(try value.mapping(of: WardenKey.self).required(.socket)))
    }

    private func log(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.LogSettings {
        let keys = try value.mapping(of: LogKey.self)
        var log = AgentConfiguration.LogSettings()
        if let level = keys[.level] { log.level = try level.choice(of: AgentConfiguration.LogSettings.Level.self) }
        if let format = keys[.format] { log.format = try format.choice(of: AgentConfiguration.LogSettings.Format.self) }
        return log
    }

    /// A path alone, or a mapping that says how much is kept.
    private func standby(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.Standby {
        guard !value.isScalar else { return AgentConfiguration.Standby(directory: try absolutePath(value)) }
        let keys = try value.mapping(of: StandbyKey.self)
        var standby = AgentConfiguration.Standby(directory: try absolutePath(try keys.required(.directory)))
        if let history = keys[.history] { standby.history = try history.quantity(.minutes(1) ... .days(3660)) }
        if let size = keys[.maximumSize] { standby.maximumSize = try size.quantity(.mebibytes(8) ... .gibibytes(65_536)) }
        return standby
    }

    /// A path alone, or a mapping that says what the disk fails together with.
    private func storage(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.Storage {
        guard !value.isScalar else { return AgentConfiguration.Storage(directory: try absolutePath(value)) }
        let keys = try value.mapping(of: StorageKey.self)
        var storage = AgentConfiguration.Storage(directory: try absolutePath(try keys.required(.directory)))
        if let domain = keys[.domain] { storage.domain = try Label.read(domain) }
        return storage
    }

    private func story(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.StoryLimits {
        let keys = try value.mapping(of: StoryKey.self)
        var story = AgentConfiguration.StoryLimits()
        if let age = keys[.age] { story.age = try age.quantity(.hours(1) ... .days(3660)) }
        if let events = keys[.events] { story.events = try events.integer(1000...100_000_000) }
        return story
    }

    private func limits(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.JobLimits {
        let keys = try value.mapping(of: LimitsKey.self)
        let range = Bytes.zero...Bounds.memory
        var limits = AgentConfiguration.JobLimits()
        if let input = keys[.jobInput] { limits.inputBytes = try input.quantity(range) }
        if let output = keys[.jobOutput] { limits.outputBytes = try output.quantity(range) }
        if let jobs = keys[.jobs] { limits.jobs = try jobs.integer(1...10_000) }
        return limits
    }

    private func accounting(_ value: YAMLValue) throws(ConfigurationError) -> AgentConfiguration.AccountingSettings {
        let keys = try value.mapping(of: AccountingKey.self)
        var accounting = AgentConfiguration.AccountingSettings()
        if let interval = keys[.interval] { accounting.interval = try interval.quantity(.milliseconds(100) ... .seconds(60)) }
        if let size = keys[.maximumSize] { accounting.maximumSize = try size.quantity(.mebibytes(8) ... .gibibytes(1024)) }
        if let metrics = keys[.metrics] { accounting.metrics = try self.metrics(metrics) }
        return accounting
    }

    /// An address has a colon; a word is `none`.
    private func metrics(_ value: YAMLValue) throws(ConfigurationError) -> Endpoint? {
        guard try value.string().contains(":") else {
            _ = try value.choice(of: MetricsWord.self)
            return nil
        }
        return try endpoint(value)
    }
}
