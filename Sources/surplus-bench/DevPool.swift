import ArgumentParser
import Foundation

/// A pool of two nodes on this machine, driven as a person would: through the command line.
struct DevPool {
    private let programs: String
    let directory: String

    init(programs: String) throws {
        self.programs = URL(fileURLWithPath: programs).path
        directory = NSTemporaryDirectory() + "/surplus-kill-\(getpid())"
        let up = try run(["dev", "up", "--nodes", "2", "--dir", directory])
        guard up.status == 0 else { throw ValidationError("failed to start a pool: \(up.output)") }
    }

    func down() { _ = try? run(["dev", "down", "--dir", directory]) }

    /// Starts what is not running, and waits until both agents answer.
    func start() throws {
        let started = try run(["dev", "start", "--dir", directory])
        guard started.status == 0 else { throw ValidationError("failed to start again: \(started.output)") }
        for node in ["node1", "node2"] {
            let deadline = Date(timeIntervalSinceNow: 20)
            while try surplus(node, ["status"]).status != 0 {
                guard Date() < deadline else { throw ValidationError("\(node) does not come back: see \(directory)/\(node)") }
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
    }

    /// A daemon of a node.
    enum Daemon: Hashable, CustomStringConvertible {
        case agent(String)
        case warden(String)

        var description: String {
            switch self {
            case .agent(let node): "\(node)'s agent"
            case .warden(let node): "\(node)'s warden"
            }
        }

        /// The warden's children are shims, which live on; an agent's threads do the work.
        fileprivate var tracing: [String] { if case .agent = self { ["-f"] } else { [] } }
    }

    private func pid(of daemon: Daemon) throws -> Int32? {
        switch daemon {
        case .agent(let node): try status()[node]?.pid
        case .warden(let node): try status()[node]?.wardenPid
        }
    }

    /// What the daemon did last that is on disk: the kind of its last event.
    func lastStep(of daemon: Daemon) -> String {
        switch daemon {
        case .agent(let node): LastEvent.kind(in: "\(directory)/\(node)/data/ledger") ?? "nothing"
        case .warden(let node):
            (try? String(contentsOfFile: "\(directory)/\(node)/surplus-warden.log", encoding: .utf8))?
                .matches(of: /event=([a-z.-]+)/).last.map { String($0.1) } ?? "nothing"
        }
    }

    // MARK: Killing

    /// A daemon that dies at a system call.
    struct Trap {
        let pid: Int32
        let tracer: Process
        var isSprung: Bool { Foundation.kill(pid, 0) != 0 }
    }

    /// Has the kernel kill a daemon at a system call of its.
    func trap(_ daemon: Daemon, at place: DeadlyCall) throws -> Trap { try trace(daemon, place.options, into: "/dev/null") }

    /// The places at which daemons may die while something is done.
    func places(of daemons: [Daemon], during something: () throws -> Void) throws -> [Daemon: [DeadlyCall]] {
        let files = daemons.indices.map { "\(directory)/calls-\($0)" }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        let options = ["-e", "trace=" + DeadlyCall.calls.joined(separator: ",")]
        let traces = try zip(daemons, files).map { try trace($0, options, into: $1) }
        try something()
        for trace in traces {
            // it was started on a thread that has all other signals blocked
            Foundation.kill(trace.tracer.processIdentifier, SIGKILL)
            trace.tracer.waitUntilExit()
        }
        let found = try files.map { DeadlyCall.all(in: try String(contentsOfFile: $0, encoding: .utf8)) }
        return Dictionary(uniqueKeysWithValues: zip(daemons, found))
    }

    private func trace(_ daemon: Daemon, _ options: [String], into file: String) throws -> Trap {
        guard let pid = try pid(of: daemon) else { throw ValidationError("\(daemon) does not run") }
        let tracer = Process()
        tracer.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
        tracer.arguments = daemon.tracing + ["-qq", "-o", file, "-p", "\(pid)"] + options
        tracer.standardInput = FileHandle.nullDevice
        tracer.standardError = FileHandle.nullDevice
        try tracer.run()
        let trap = Trap(pid: pid, tracer: tracer)
        let deadline = Date(timeIntervalSinceNow: 10)
        while !isTraced(pid), !trap.isSprung {
            guard Date() < deadline, tracer.isRunning else { throw ValidationError("strace cannot trace \(daemon)") }
            usleep(1000)
        }
        return trap
    }

    private func isTraced(_ pid: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        return status.contains("TracerPid:") && !status.contains("TracerPid:\t0\n")
    }

    /// Waits for a daemon that is to die at a call, for a moment; one that does not make the call is killed then.
    ///
    /// - Returns: whether it died at the call.
    func spring(_ trap: Trap) async throws -> Bool {
        for _ in 0..<300 where !trap.isSprung { try await Task.sleep(for: .milliseconds(10)) }
        let isAtCall = trap.isSprung
        Foundation.kill(trap.pid, SIGKILL)
        while !trap.isSprung { try await Task.sleep(for: .milliseconds(1)) }
        trap.tracer.terminate()
        return isAtCall
    }

    /// Kills the program of a guest as soon as it is there.
    ///
    /// - Returns: whether it came.
    func killGuest(of word: String) async throws -> Bool {
        for _ in 0..<300 {
            for pid in guests(of: word) where Foundation.kill(pid, SIGKILL) == 0 { return true }
            try await Task.sleep(for: .milliseconds(2))
        }
        return false
    }

    /// What is wrong once everything has had the time to settle.
    func faultsAtRest() async throws -> [String] {
        let deadline = Date(timeIntervalSinceNow: 120)
        while Date() < deadline, try openLeases() > 0 { try await Task.sleep(for: .milliseconds(500)) }
        var faults: [String] = []
        let left = try openLeases()
        if left > 0 { faults.append("\(left) leases are still open") }
        for node in ["node1", "node2"] {
            let verified = try surplus(node, ["ledger", "verify"])
            if verified.status != 0 { faults.append("\(node): \(verified.output)") }
        }
        let (first, second) = (try balance("node1"), try balance("node2"))
        if first + second != 0 { faults.append("the trust line differs: node1 has \(first), node2 has \(second) microcredits") }
        faults += try orphans()
        return faults
    }

    private func openLeases() throws -> Int {
        try ["node1", "node2"].map { try surplus($0, ["lease", "list", "--json"]).output.matches(of: /"lease" ?: ?"lse_/).count }
            .reduce(0, +)
    }

    private func balance(_ node: String) throws -> Int64 {
        let output = try surplus(node, ["credits", "--json"]).output
        guard let match = output.firstMatch(of: /"balance_microcredits" ?: ?(-?[0-9]+)/), let value = Int64(match.1) else {
            throw ValidationError("failed to read the credits of \(node): \(output)")
        }
        return value
    }

    /// What guests have left behind, though no lease is open.
    private func orphans() throws -> [String] {
        let nodes = try PoolRecord(in: directory).nodes
        return guests(of: "moment-").map { "an orphan: process \($0)" }
            + Leftovers(directory: directory, nodes: nodes.map(\.name), instances: nodes.map(\.instance)).all
    }

    private func guests(of word: String) -> [Int32] {
        Leftovers.processes { $0.first == "sh" && $0.last?.contains(word) == true }
    }

    // MARK: Running programs

    private func status() throws -> PoolStatus {
        try PoolStatus(json: try run(["dev", "status", "--dir", directory, "--json"]).output)
    }

    func surplus(_ node: String, _ arguments: [String], within seconds: Double = 30) throws -> (status: Int32, output: String) {
        try run(arguments, ["SURPLUS_SOCKET": "\(directory)/\(node)/run/agent.sock"], within: seconds)
    }

    private func run(
        _ arguments: [String], _ environment: [String: String] = [:], within seconds: Double = 90
    ) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: programs + "/surplus")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let watchdog = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: watchdog)
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        watchdog.cancel()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
