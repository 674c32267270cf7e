import Foundation

/// Temporary directories and files.
enum Scratch {
    /// A directory that exists while `body` runs. Its path is short enough for sockets below it.
    static func directory<Result: Sendable>(_ body: @Sendable (String) async throws -> Result) async throws -> Result {
        var template = Array("/tmp/surplus-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, chmod(template, 0o755) == 0 else { throw CocoaError(.fileWriteUnknown) }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    static func make(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    static func read(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }

    static func isMissing(_ path: String) -> Bool { !FileManager.default.fileExists(atPath: path) }

    static func names(_ path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
