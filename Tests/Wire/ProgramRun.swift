import Foundation

/// Runs a program to its end, without blocking the tests' threads.
///
/// - Returns: exit status, everything it wrote, and its process id.
func run(_ program: String, _ arguments: [String]) async throws -> (status: Int32, output: Data, pid: Int32) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = pipe
    process.standardError = pipe
    return try await withCheckedThrowingContinuation { continuation in
        do { try process.run() } catch { return continuation.resume(throwing: error) }
        Thread.detachNewThread {
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            continuation.resume(returning: (process.terminationStatus, output, process.processIdentifier))
        }
    }
}

/// A directory that is removed with it. Its path is short enough for a socket in it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/surplus-wire-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
