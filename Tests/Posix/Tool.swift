import Foundation

/// A program of the system in a process of its own, which ends with the test.
final class Tool {
    struct Failure: Error, CustomStringConvertible {
        let words: [String]
        let status: Int32
        let output: String

        var description: String { "'\(words.joined(separator: " "))' ends with \(status): \(output)" }
    }

    private let words: [String]
    private let process = Process()
    private let output = Pipe()

    init(_ words: [String], in directory: String? = nil) throws {
        self.words = words
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        (process.standardOutput, process.standardError, process.standardInput) = (output, output, FileHandle.nullDevice)
        try process.run()
    }

    /// - Parameter script: in Python.
    convenience init(python script: String, _ arguments: String...) throws {
        try self.init(["/usr/bin/python3", "-uc", script] + arguments)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Waits for its end.
    ///
    /// - Returns: what it wrote to both outputs.
    /// - Throws: ``Failure`` when it failed.
    @discardableResult
    func finish() throws -> String {
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(words: words, status: process.terminationStatus, output: text)
        }
        return text
    }

    /// Runs one to its end.
    @discardableResult
    static func run(_ words: String..., in directory: String? = nil) throws -> String {
        try Tool(words, in: directory).finish()
    }

    /// Runs the same script with each argument at the same time.
    static func run(python script: String, withEach arguments: [[String]]) throws -> [String] {
        let tools = try arguments.map { try Tool(["/usr/bin/python3", "-uc", script] + $0) }
        return try tools.map { try $0.finish() }
    }
}

/// Runs what blocks on a thread of its own, so that others go on.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { done in
        Thread.detachNewThread { done.resume(with: Result { try body() }) }
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
