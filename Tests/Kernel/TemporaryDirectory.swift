import Foundation
import Testing

/// A directory of one test, removed with all in it at its end.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/surplus-kernel-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ text: String = "") throws -> String {
        let file = "\(path)/\(name)"
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }
}
