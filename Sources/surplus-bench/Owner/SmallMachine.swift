import ArgumentParser
import Foundation

/// A control group that has as much memory as a small machine, and all that is on it: the owner, guests, agents and wardens. What
/// the kernel does when its memory is used up (reclaim, waiting, killing) it does within, to these only.
///
/// The warden does not see that little is left: it reads that of the whole machine. So its last resort, to freeze all guests and end
/// the youngest when next to nothing can be had, does not act; what a group suffers here is more than a machine would.
struct SmallMachine {
    private static let root = "/sys/fs/cgroup"
    /// Where an owner's group is looked at.
    private static let owners = ["cpu", "cpuacct", "memory"]

    let mebibytes: Int
    /// Its path below the hierarchies, and that of its owner.
    private let name = "/surplus-bench-\(getpid())"
    var owner: String { name + "/owner" }

    private var memory: String { Self.root + "/memory" + name }
    private var waiting: String { Self.root + "/unified" + name }

    init(mebibytes: Int) throws {
        self.mebibytes = mebibytes
        guard access(Self.root + "/memory/memory.limit_in_bytes", F_OK) == 0, access(Self.root + "/unified", F_OK) == 0 else {
            throw ValidationError(
                "only where control groups of version 1 have the memory and those of version 2 are there beside them")
        }
        let hierarchies = Self.owners.map { "\(Self.root)/\($0)" }
        for group in hierarchies.flatMap({ [$0 + name, $0 + owner] }) + [waiting] where mkdir(group, 0o755) != 0 {
            throw ValidationError("failed to make \(group): errno \(errno)")
        }
        try write("\(mebibytes << 20)", to: memory + "/memory.limit_in_bytes")
        // where the kernel counts swap, there is none
        try? write("\(mebibytes << 20)", to: memory + "/memory.memsw.limit_in_bytes")
    }

    func remove() {
        for hierarchy in Self.owners { rmdir("\(Self.root)/\(hierarchy)\(owner)") }
        for hierarchy in Self.owners + ["unified"] { rmdir("\(Self.root)/\(hierarchy)\(name)") }
    }

    /// What a process writes its id to, to be on it.
    var entrances: [String] { [memory + "/cgroup.procs"] }

    /// Has the kernel count what this process of the owner's waits for.
    func watch(_ process: Int32) throws { try write("\(process)", to: waiting + "/cgroup.procs") }

    /// What guests use, in MiB.
    func guestsUse() throws -> Double {
        let text = try String(contentsOfFile: memory + "/surplus/memory.usage_in_bytes", encoding: .utf8)
        return (Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .nan) / 1_048_576
    }

    /// For how long the owner's watched process has waited for memory so far, in milliseconds.
    func ownersWaiting() throws -> Double { try Self.waiting(in: waiting + "/memory.pressure") }

    /// For how long any program of the real machine has.
    static func anybodysWaiting() throws -> Double { try waiting(in: "/proc/pressure/memory") }

    private static func waiting(in path: String) throws -> Double {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let match = text.firstMatch(of: /some .*total=([0-9]+)/), let microseconds = Double(match.1) else {
            throw ValidationError("failed to understand \(path)")
        }
        return microseconds / 1000
    }

    /// What happened for want of memory, so far.
    struct Events {
        /// How often all of it was used when more was wanted, so that the kernel had to take some from somebody.
        let usedUp: Double
        /// Processes that the kernel ended, for this or for a lease's limit.
        let killed: Double
        /// Pages of files that were taken and read again.
        let refaults: Double
    }

    func events() throws -> Events {
        func total(_ name: String, in file: String) throws -> Double {
            let text = try String(contentsOfFile: memory + "/" + file, encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? .nan
        }
        // where swap is counted, its limit, which is the same, is met first
        let counts = ["", ".memsw"].map { kind in
            let text = (try? String(contentsOfFile: memory + "/memory\(kind).failcnt", encoding: .utf8)) ?? ""
            return Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        }
        return Events(
            usedUp: counts.reduce(0, +),
            killed: try MachineEvents.now()["oom_kill"] ?? .nan,
            refaults: try total("total_workingset_refault_file", in: "memory.stat")
                + total("total_workingset_refault_anon", in: "memory.stat"))
    }

    /// The most that was ever used since this was called last, in MiB.
    func mostUsed() throws -> Double {
        let path = memory + "/memory.max_usage_in_bytes"
        let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        try write("0", to: path)
        return (Double(text) ?? .nan) / 1_048_576
    }

    private func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }
}

/// What the kernel has done on the real machine for want of memory since the machine was started, by its names in /proc/vmstat.
enum MachineEvents {
    static let told = ["pgscan_direct", "allocstall", "pswpin", "pswpout", "workingset_refault", "oom_kill"]

    /// Those of zones and kinds of pages are added up.
    static func now() throws -> [String: Double] {
        let text = try String(contentsOfFile: "/proc/vmstat", encoding: .utf8)
        var events: [String: Double] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else { continue }
            for name in told where words[0] == name || words[0].hasPrefix(name + "_") && !words[0].hasSuffix("throttle") {
                events[name, default: 0] += value
            }
        }
        return events
    }
}
