import Foundation
import Testing

@testable import surplus_sim

@Suite("Files of reports")
struct ReportFileTests {
    private func directory(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "/surplus-report-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func names(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    @Test("What is there stays until there is something in its place, and nothing else is left")
    func replacing() throws {
        try directory { directory in
            let path = directory + "/page.html"
            try "old".write(toFile: path, atomically: false, encoding: .utf8)
            let file = try ReportFile(path)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
            #expect(try names(directory) == ["page.html"])
            try file.write("new")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
            #expect(try names(directory) == ["page.html"])
        }
    }

    @Test("Seeing that a file can be written makes none")
    func trial() throws {
        try directory { directory in
            _ = try ReportFile(directory + "/page.html")
            #expect(try names(directory).isEmpty)
        }
    }

    @Test("A link stays one, and what it leads to is written")
    func links() throws {
        try directory { directory in
            try "old".write(toFile: directory + "/page.html", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/link.html", withDestinationPath: directory + "/page.html")
            try ReportFile(directory + "/link.html").write("new")
            #expect(try String(contentsOfFile: directory + "/page.html", encoding: .utf8) == "new")
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: directory + "/link.html") == directory + "/page.html")
        }
    }

    @Test("What cannot be written is one error with its name", arguments: ["", "/", "/nowhere/at/all/page.html", "/dev/null"])
    func unwritable(path: String) throws {
        let error = try #require(throws: Misuse.self) { try ReportFile(path) }
        #expect(path.isEmpty ? error.description.contains("--report") : error.description.hasPrefix(path + ": "))
    }

    @Test("A file that cannot be written is told of before anything is read")
    func early() async throws {
        let trace = try #require(
            try Trace.parseAsRoot(["--data", "/nowhere/trace.csv", "--report", "/nowhere/page.html"]) as? Trace)
        let error = await #expect(throws: Misuse.self) { try await trace.run() }
        #expect(error?.description.hasPrefix("/nowhere/page.html: ") == true)
    }
}
