import Foundation

/// Programs that the benchmark of volumes calls.
enum Tool {
    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote to its standard output.
    @discardableResult
    static func run(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> String {
        let ended = try end(path, arguments, environment: environment)
        guard ended.status == 0 else {
            throw StorageFault("\(path) \(arguments.joined(separator: " ")) failed (\(ended.status)): \(ended.output)\(ended.errors)")
        }
        return ended.output
    }

    /// How a program ended that may fail.
    static func end(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        // files, as daemons that a program starts may keep a pipe open
        let (output, errors) = (try Scratch(), try Scratch())
        process.standardOutput = output.handle
        process.standardError = errors.handle
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try output.content, try errors.content)
    }

    /// A file without a name.
    private struct Scratch {
        let handle: FileHandle

        init() throws {
            var path = Array((NSTemporaryDirectory() + "/surplus-bench-XXXXXX").utf8CString)
            let descriptor = mkstemp(&path)
            guard descriptor >= 0 else { throw StorageFault.last("make a file for a program's output") }
            unlink(path)
            handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        }

        var content: String {
            get throws {
                try handle.seek(toOffset: 0)
                return String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
            }
        }
    }
}
