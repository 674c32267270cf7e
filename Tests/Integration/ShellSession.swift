import Foundation
import Testing

/// A shell in which examples run one after the other.
final class ShellSession {
    private let process = Process()
    private let (input, output) = (Pipe(), Pipe())
    private var number = 0

    /// - Parameter command: starts a shell that reads what it is to do from standard input.
    init(_ command: [String], in directory: String? = nil, environment: [String: String]? = nil) throws {
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        if let environment { process.environment = environment }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit { end() }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Runs a command to its end.
    func run(_ command: String) throws -> (status: Int32, output: String) {
        number += 1
        let mark = "end-of-example-\(number)"
        try input.fileHandleForWriting.write(
            contentsOf: Data("{ \(command)\n} </dev/null; status=$?; echo; echo \(mark) $status\n".utf8))
        var text = ""
        while true {
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the shell ended: \(text)")
            text += String(decoding: data, as: UTF8.self)
            guard let end = text.range(of: "\(mark) "), let line = text[end.upperBound...].firstIndex(of: "\n") else { continue }
            return (Int32(text[end.upperBound..<line]) ?? -1, String(text[..<end.lowerBound]))
        }
    }
}
