import Foundation
import Resources
import Testing

@testable import surplus_sim

@Suite("Files of what machines used")
struct TraceFileTests {
    private func file(_ text: String, _ name: String = "trace.csv", _ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "/surplus-trace-\(UUID())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try text.write(toFile: directory + "/" + name, atomically: false, encoding: .utf8)
        try body(directory + "/" + name)
    }

    private func gzip(_ path: String) throws {
        let process = try Process.run(URL(fileURLWithPath: "/usr/bin/gzip"), arguments: [path])
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    @Test("Machines, missing samples and comments are read, compressed or not")
    func read() throws {
        let text = "# id,values\na,0,12.5,,100\r\n\nb,103.25,7\n"
        let expected: [[BasisPoints?]] = [[0, 1250, nil, 10_000], [10_325, 700]]
        try file(text) { path in
            #expect(try TraceFile.read(path) == expected)
            try gzip(path)
            #expect(try TraceFile.read(path + ".gz") == expected)
        }
    }

    @Test(
        "What is no trace is one error with its place",
        arguments: [
            ("a,1\nb\n", ":2: "), ("a,1,x\n", ":1: sample 2 is 'x'"), ("a,-1\n", ":1: sample 1"), ("a,nan\n", ":1: sample 1"),
            ("# only words\n", "has no machine"), ("", "has no machine"),
        ])
    func nonsense(text: String, fault: String) throws {
        try file(text) { path in
            let error = try #require(throws: Misuse.self) { try TraceFile.read(path) }
            #expect(error.description.hasPrefix(path) && error.description.contains(fault), "\(error)")
        }
    }

    @Test("A compressed file that was cut short is refused")
    func truncated() throws {
        try file(String(repeating: "a,1,2,3\n", count: 1000)) { path in
            try gzip(path)
            let whole = try Data(contentsOf: URL(fileURLWithPath: path + ".gz"))
            try whole.dropLast(10).write(to: URL(fileURLWithPath: path + ".gz"))
            #expect(throws: Misuse.self) { try TraceFile.read(path + ".gz") }
        }
    }

    @Test("Of a directory the files of processors' averages are taken, or else all")
    func directory() throws {
        try file("a,1\n", "cpu_avg.csv") { path in
            let directory = String(path.dropLast("/cpu_avg.csv".count))
            for name in ["cpu_max.csv", "mem.csv", "notes.txt"] {
                try "a,1\n".write(toFile: directory + "/" + name, atomically: false, encoding: .utf8)
            }
            #expect(try TraceFile.files(at: directory) == [path])
            try FileManager.default.removeItem(atPath: path)
            #expect(try TraceFile.files(at: directory).count == 2)
            #expect(throws: Misuse.self) { try TraceFile.files(at: directory + "/nowhere") }
        }
    }
}
