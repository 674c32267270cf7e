import ArgumentParser
import Foundation

/// A pool of two nodes on this machine, driven as a person would: through the command line.
struct DevPool {
    private struct Status: Decodable {
        struct Node: Decodable {
            let name: String
            let pid: Int32?
            let wardenPid: Int32?
            let socket: String
        }
        let nodes: [Node]
    }

    private let programs: String
    private let directory: String

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

    func kill(_ node: String, _ key: String) {
        guard let found = try? status().nodes.first(where: { $0.name == node }) else { return }
        guard let pid = key == "pid" ? found.pid : found.wardenPid else { return }
        Foundation.kill(pid, SIGKILL)
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
        faults += orphans()
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

    /// Programs of guests that outlived their leases.
    private func orphans() -> [String] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        return pids.compactMap { pid in
            guard let command = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"), !command.isEmpty else { return nil }
            let text = String(decoding: command, as: UTF8.self).replacing("\0", with: " ")
            return text.contains("moment-") && !text.contains("surplus-bench") ? "an orphan: \(pid) \(text)" : nil
        }
    }

    // MARK: Running programs

    private func status() throws -> Status {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Status.self, from: Data(try run(["dev", "status", "--dir", directory, "--json"]).output.utf8))
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
