import ArgumentParser
import Foundation

/// A node of a pool on this machine, seen by its owner and by somebody who borrows from it.
struct OwnedNode {
    private struct Submitted: Decodable { let job: String }

    private let program: String
    private let directory: String
    private let name: String
    private let borrower: String
    private let group: String
    private let instance: String

    /// - Parameters:
    ///   - program: the path of `surplus`.
    ///   - directory: where the pool is.
    ///   - name: the node that lends.
    ///   - borrower: the node that borrows from it.
    init(program: String, directory: String, name: String, borrower: String) throws {
        self.program = program
        self.directory = directory
        self.name = name
        self.borrower = borrower
        guard let node = try PoolRecord(in: directory).nodes.first(where: { $0.name == name }), let group = node.ownerGroup else {
            throw ValidationError("no \(name) with an owner's control group in \(directory)")
        }
        self.group = group
        instance = node.instance
    }

    // MARK: The owner

    /// A program of the owner's, not started yet.
    func owners(_ command: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["dev", "exec", name, "--dir", directory, "--"] + command
        return process
    }

    /// This program in the owner's role, not started yet.
    func owners(part words: [String]) -> Process {
        owners([URL(fileURLWithPath: CommandLine.arguments[0]).path] + words)
    }

    /// Processing that the owner's programs have used so far, in seconds of a core.
    func ownersProcessing() throws -> Double { try Self.processing(of: group) }

    /// Processing that guests have used so far, in seconds of a core; zero before the first.
    func guestsProcessing() throws -> Double {
        // the pool was started from here, and its guests are below its own group
        let own = try String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)
        let above = (own.firstMatch(of: /:cpuacct[a-z,]*:(.*)/)?.1 ?? own.firstMatch(of: /0::(.*)/)?.1) ?? "/"
        return try Self.processing(of: (above == "/" ? "" : above) + "/surplus/" + instance)
    }

    private static func processing(of group: String) throws -> Double {
        let old = "/sys/fs/cgroup/cpuacct\(group)/cpuacct.usage"
        if let text = try? String(contentsOfFile: old, encoding: .utf8),
            let nanoseconds = Double(text.trimmingCharacters(in: .whitespacesAndNewlines))
        {
            return nanoseconds / 1e9
        }
        let path = "/sys/fs/cgroup\(group)/cpu.stat"
        guard access(path, F_OK) == 0 else { return 0 }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let match = text.firstMatch(of: /usage_usec ([0-9]+)/), let microseconds = Double(match.1) else {
            throw ValidationError("failed to read what \(group) uses")
        }
        return microseconds / 1e6
    }

    /// A step of a lease on the ladder, as the warden has recorded it.
    struct Move: Decodable {
        let at: Date
        let lease, from, to, resource: String

        /// Seconds since 1970.
        var time: Double { at.timeIntervalSince1970 }
    }

    /// The last steps, the oldest first.
    func moves() throws -> [Move] {
        struct History: Decodable { let moves: [Move] }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let text = try decoder.singleValueContainer().decode(String.self)
            return try Date(text, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
        }
        return try decoder.decode(History.self, from: Data(try ask("enforcer", "history", "--last", "256", "--json").utf8)).moves
    }

    /// What the owner's agent says.
    func ask(_ arguments: String...) throws -> String { try surplus(arguments, of: name) }

    /// Waits until its owner was measured once: whose first reading falls into a load counts as one that always has it.
    func waitUntilOffering() throws {
        struct Status: Decodable {
            struct Amounts: Decodable { let cpuMillicores: Int64 }
            let offered: Amounts
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let deadline = Date(timeIntervalSinceNow: 60)
        while try decoder.decode(Status.self, from: Data(try ask("status", "--json").utf8)).offered.cpuMillicores == 0 {
            guard Date() < deadline else { throw ValidationError("\(name) offers nothing: see 'surplus status' of it") }
            usleep(200_000)
        }
    }

    // MARK: The borrower

    /// A lease of so much until it is released; its id.
    func lend(cpu: Double, memory: String) throws -> String {
        let words = ["lease", "request", "--cpu", "\(Int(cpu * 1000))m", "--memory", memory, "--renew", "--on", name, "--json"]
        let deadline = Date(timeIntervalSinceNow: 120)
        while true {
            do {
                let output = try surplus(words, of: borrower)
                guard let lease = output.firstMatch(of: /lse_[0-9a-z]{26}/) else { throw ValidationError("no lease: \(output)") }
                return String(lease.output)
            } catch {
                // whose owner needed it a moment ago offers nothing for a minute
                guard Date() < deadline else { throw error }
                usleep(2_000_000)
            }
        }
    }

    func release(_ lease: String) throws { _ = try surplus(["lease", "release", lease], of: borrower) }

    /// Starts a guest under a lease; its id.
    func start(_ guest: Guest, under lease: String) throws -> String {
        let inputs = guest.inputs.flatMap { ["--input", $0] }
        let output = try surplus(
            ["run", "--detach", "--json", "--lease", lease] + inputs + ["--"] + guest.command, of: borrower)
        return try JSONDecoder().decode(Submitted.self, from: Data(output.utf8)).job
    }

    func cancel(_ job: String) throws { _ = try surplus(["job", "cancel", job], of: borrower) }

    /// How a guest ended, once it has, as `job show` says it.
    func end(of job: String) throws -> String {
        _ = try? surplus(["job", "wait", job], of: borrower)
        return try surplus(["job", "show", job], of: borrower)
    }

    private func surplus(_ arguments: [String], of node: String) throws -> String {
        try Clients(command: [program] + arguments, environment: ["SURPLUS_SOCKET": "\(directory)/\(node)/run/agent.sock"])
            .output()
    }
}

/// A program of somebody else.
struct Guest {
    let name: String
    let command: [String]
    var inputs: [String] = []

    static func shell(_ name: String, _ script: String, inputs: [String] = []) -> Guest {
        Guest(name: name, command: ["sh", "-c", script], inputs: inputs)
    }

    /// Each kind that wants all it can get of something.
    static func demanding(cores: Int) -> [Guest] {
        let compile = "seq 3000 | sed 's/.*/int f&(int x) { return x * & + f1(x % &); }/' | sed '1i int f1(int);' > a.c"
        return [
            Guest(name: "processing (stress-ng)", command: ["stress-ng", "--quiet", "--cpu", "\(cores)"]),
            Guest(name: "memory (stress-ng)", command: ["stress-ng", "--quiet", "--vm", "\(cores)", "--vm-bytes", "256M"]),
            Guest(name: "forking (stress-ng)", command: ["stress-ng", "--quiet", "--fork", "\(2 * cores)"]),
            Guest(name: "disk (stress-ng)", command: ["stress-ng", "--quiet", "--hdd", "\(cores)", "--hdd-bytes", "64M"]),
            .shell("xz", "while :; do head -c 20M /dev/urandom | xz -T\(cores) --block-size=4MiB > /dev/null; done"),
            .shell(
                "a compiler", "\(compile); for n in $(seq \(cores)); do while gcc -O2 -c a.c -o $n.o; do :; done & done; wait"),
        ]
    }
}

/// What the machine's processors have done so far, in seconds of a core.
struct ProcessorTime {
    /// Of all programs.
    let busy: Double
    /// What the hosts of this machine, if it is a virtual one, gave to others while it was wanted here.
    let stolen: Double

    static func now() throws -> ProcessorTime {
        let text = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
        let ticks = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count >= 8 else { throw ValidationError("failed to understand /proc/stat") }
        let second = Double(sysconf(Int32(_SC_CLK_TCK)))
        // user, nice, system, interrupts; neither idle nor waiting for disks nor stolen
        return ProcessorTime(busy: (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / second, stolen: ticks[7] / second)
    }
}
