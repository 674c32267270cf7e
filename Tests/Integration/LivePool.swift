import Foundation
import Testing

/// A pool of real agents and wardens on this machine, driven through the command line as a person would.
final class LivePool {
    struct Result {
        let status: Int32
        let output: Data
        let errors: String
        var text: String { String(decoding: output, as: UTF8.self) }
    }

    let directory: String

    /// Where the programs under test are: beside the test bundle.
    static let programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path

    /// - Parameter options: more, as `surplus dev up` takes them.
    init(nodes: Int, policy: String? = nil, options: [String] = []) throws {
        directory = NSTemporaryDirectory() + "/surplus-it-\(UUID().uuidString.prefix(8))"
        var arguments = ["dev", "up", "--nodes", "\(nodes)", "--dir", directory] + options
        if let policy {
            let path = directory + ".policy.yaml"
            try policy.write(toFile: path, atomically: true, encoding: .utf8)
            arguments += ["--policy", path]
        }
        let up = try Self.run(arguments)
        try #require(up.status == 0, "dev up: \(up.errors)")
    }

    deinit {
        let down = try? Self.run(["dev", "down", "--dir", directory])
        if down?.status != 0 { Issue.record("dev down: \(down?.errors ?? "did not run")") }
        try? FileManager.default.removeItem(atPath: directory + ".policy.yaml")
    }

    func socket(_ node: String) -> String { "\(directory)/\(node)/run/agent.sock" }

    /// Runs `surplus` as a user of `node`.
    func surplus(
        _ node: String, _ arguments: [String], input: Data? = nil, in working: String? = nil
    ) throws -> Result {
        try Self.run(arguments, ["SURPLUS_SOCKET": socket(node)], input: input, in: working)
    }

    /// Runs `surplus --json` and decodes what it prints.
    func json<Value: Decodable>(_ node: String, _ arguments: [String], as _: Value.Type = Value.self) throws -> Value {
        let result = try surplus(node, arguments + ["--json"])
        try #require(result.status == 0, "\(arguments): \(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: result.output)
    }

    /// Repeats `body` until it gives a value; the deadline is for a broken program, not part of the rule under test. On a busy machine a
    /// node may not find that its limits hold before it has tested them once more, after half a minute: it lends nothing until then.
    @discardableResult
    static func eventually<Value>(within seconds: Double = 75, _ what: String, _ body: () throws -> Value?) throws -> Value {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while Date() < deadline {
            if let value = try body() { return value }
        }
        throw Timeout(what: what)
    }

    struct Timeout: Error, CustomStringConvertible {
        let what: String
        var description: String { "did not happen in time: \(what)" }
    }

    /// The daemons of a node, by their process ids.
    func daemons(_ node: String) throws -> Daemons {
        struct Status: Decodable { let nodes: [Daemons] }
        let result = try Self.run(["dev", "status", "--dir", directory, "--json"])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try #require(try decoder.decode(Status.self, from: result.output).nodes.first { $0.name == node })
    }

    struct Daemons: Decodable {
        let name: String
        /// `nil` when it does not run.
        let pid: pid_t?
        let wardenPid: pid_t?
    }

    /// - Parameter path: another program than those under test.
    static func run(
        _ arguments: [String], _ environment: [String: String] = [:], program: String = "surplus", path: String? = nil,
        input: Data? = nil, in working: String? = nil
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "\(programs)/\(program)")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        if let working { process.currentDirectoryURL = URL(fileURLWithPath: working) }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        let source = Pipe()
        if input != nil { process.standardInput = source } else { process.standardInput = FileHandle.nullDevice }
        try process.run()
        let feeding = DispatchQueue(label: "feeding")
        if let input {
            feeding.async {
                try? source.fileHandleForWriting.write(contentsOf: input)
                try? source.fileHandleForWriting.close()
            }
        }
        var complaint = Data()
        let reading = DispatchWorkItem { complaint = errors.fileHandleForReading.readDataToEndOfFile() }
        DispatchQueue.global().async(execute: reading)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        reading.wait()
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Result(status: status, output: data, errors: String(decoding: complaint, as: UTF8.self))
    }
}
