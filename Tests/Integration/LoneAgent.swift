import Foundation
import Testing

/// One agent of its own, without a warden unless a test gives it one; it starts outside any pool.
final class LoneAgent {
    let directory: String
    private let process = Process()
    private let environment: [String: String]
    private let place: String?

    var socket: String { directory + "/run/agent.sock" }
    var data: String { directory + "/data" }
    var errors: String { (try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "" }
    var isRunning: Bool { process.isRunning }
    var pid: pid_t { process.processIdentifier }

    /// - Parameters:
    ///   - more: further lines of the configuration.
    ///   - environment: further variables for it.
    ///   - place: a shell script that runs first in a mount namespace of its own; `$1` is the data directory.
    init(
        name: String = "lone", more: String = "warden: none", listen: String = "127.0.0.1:0", socket: String = "run/agent.sock",
        environment: [String: String] = [:], place: String? = nil
    ) throws {
        self.environment = environment
        directory = NSTemporaryDirectory() + "/surplus-it-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: directory + "/data", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let configuration = """
            name: \(name)
            data_directory: data
            socket: \(socket)
            listen: \(listen)
            advertise: 127.0.0.1:0
            \(more.contains("accounting:") ? "" : "accounting: {metrics: none}")
            \(more)

            """
        try configuration.write(toFile: directory + "/agent.yaml", atomically: true, encoding: .utf8)
        self.place = place.map { "\($0)\nshift\nexec \"$@\"" }
    }

    /// The command line of another agent with the same configuration.
    var command: [String] {
        let agent = [LivePool.programs + "/surplusd", "--config", directory + "/agent.yaml"]
        guard let place else { return agent }
        return ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", place, "sh", data] + agent
    }

    /// Starts it and waits until it answers.
    func start() throws {
        _ = FileManager.default.createFile(atPath: directory + "/log", contents: nil)
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: directory + "/log"))
        process.standardInput = FileHandle.nullDevice
        try process.run()
        try LivePool.eventually("the agent answers") {
            try #require(process.isRunning, "it ended: \(errors)")
            return try surplus("status").status == 0 ? true : nil
        }
    }

    /// - Returns: the exit status.
    @discardableResult
    func stop() -> Int32 {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        return process.terminationStatus
    }

    deinit {
        if process.processIdentifier != 0 { stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    func surplus(_ arguments: String...) throws -> LivePool.Result {
        try LivePool.run(arguments, ["SURPLUS_SOCKET": socket])
    }

    /// What status says of the agent.
    func status() throws -> Status {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Status.self, from: try surplus("status", "--json").output)
    }

    struct Status: Decodable {
        let address: String?
        let pool: String?
    }
}

extension LivePool.Result {
    /// The one line that says what is wrong, which the line at fault may follow, indented; a failed expectation when there is
    /// none, or more.
    func complaint(sourceLocation: SourceLocation = #_sourceLocation) -> String {
        let lines = errors.split(separator: "\n").filter { !$0.hasPrefix("  ") }
        #expect(lines.count == 1, "one clear error, not: \(errors)", sourceLocation: sourceLocation)
        #expect(errors.hasPrefix("surplus"), sourceLocation: sourceLocation)
        return errors
    }
}
