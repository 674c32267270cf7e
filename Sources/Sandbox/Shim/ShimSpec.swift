import Resources

/// What a shim needs to know to run one job: the guest, and how this machine wants it held.
package struct ShimSpec: Hashable, Sendable {
    package var guest: GuestSpec
    /// Whose agent may attach to the shim and read the outputs.
    package var agent: ProcessOwner
    /// Whom the guest runs as, never root; `nil` for the shim's own user, where nothing here has privileges.
    package var runAs: ProcessOwner?
    /// How limits are enforced, told to the guest as `SURPLUS_LIMITS`: `"cgroup v2"`, `"none: not privileged"`.
    package var enforcement: String
    /// The files into which the guest, not the shim, writes `0` to join its control groups before it runs anything.
    package var groups: [String]
    /// A directory that ``GuestRoot`` takes, which it sees in place of the host's programs; `nil` for those.
    package var root: String?
    /// The guest's host name.
    package var hostname: String
    /// How much it may keep in its work directory.
    package var disk: Bytes
    /// Whether the file system holds it to that; otherwise the shim counts, and stops it when it has more.
    package var isDiskLimited: Bool
    /// How much it may keep in `/tmp`, and as much again in `/dev/shm`; both count as its memory.
    package var temporary: Bytes
    /// The system call filters, made by ``CallFilter/programs()``; `nil` for the shim to make them, which takes it some 4 ms.
    package var callFilters: [[UInt8]]?

    package init(
        guest: GuestSpec, agent: ProcessOwner, runAs: ProcessOwner?, enforcement: String, groups: [String],
        root: String? = nil, hostname: String = "surplus", disk: Bytes = .gibibytes(4), isDiskLimited: Bool = false,
        temporary: Bytes = .mebibytes(512),
        callFilters: [[UInt8]]? = nil
    ) {
        self.guest = guest
        self.agent = agent
        self.runAs = runAs
        self.enforcement = enforcement
        self.groups = groups
        self.root = root
        self.hostname = hostname
        self.disk = disk
        self.isDiskLimited = isDiskLimited
        self.temporary = temporary
        self.callFilters = callFilters
    }
}

extension ShimSpec: Canonical {
    private static let mostGroups = 16
    private static let mostFilters = 4

    package func write(to writer: inout CanonicalWriter) {
        writer.write(guest)
        writer.write(agent)
        writer.write(runAs)
        writer.write(enforcement)
        writer.write(groups)
        writer.write(root)
        writer.write(hostname)
        writer.write(disk)
        writer.write(isDiskLimited)
        writer.write(temporary)
        writer.write(callFilters != nil)
        guard let callFilters else { return }
        writer.write(Int64(callFilters.count))
        for filter in callFilters { writer.write(filter) }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        guest = try reader.value()
        agent = try reader.value()
        runAs = try reader.optional()
        enforcement = try reader.string(atMost: 1024)
        groups = try reader.list(atMost: Self.mostGroups)
        root = try reader.optional()
        hostname = try reader.string(atMost: 64)
        disk = try reader.quantity(atMost: Bounds.memory)
        isDiskLimited = try reader.bool()
        temporary = try reader.quantity(atMost: Bounds.memory)
        callFilters = try reader.bool() ? try Self.filters(from: &reader) : nil
        guard !groups.contains(where: { !$0.hasPrefix("/") || $0.utf8.contains(0) }) else {
            throw .init(description: "a control group without an absolute path")
        }
        guard !enforcement.utf8.contains(0), !hostname.isEmpty, !hostname.utf8.contains(0) else {
            throw .init(description: "a zero byte in a text, or no host name")
        }
        guard root.map({ $0.hasPrefix("/") && !$0.utf8.contains(0) }) ?? true else {
            throw .init(description: "an image without an absolute path")
        }
        guard runAs?.user != 0, runAs?.group != 0 else { throw .init(description: "a guest that would run as root") }
    }

    private static func filters(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) -> [[UInt8]] {
        var filters: [[UInt8]] = []
        for _ in 0..<(try reader.number(in: 1...mostFilters)) { filters.append(try reader.data(atMost: CallFilter.largest)) }
        guard filters.allSatisfy({ !$0.isEmpty }) else { throw .init(description: "an empty system call filter") }
        return filters
    }
}
