import Foundation
import Testing

extension LiveTests {
    /// What the documentation shows is what happens: every console example is run, page by page, and its output compared.
    @Suite struct DocsTests {
        /// The repository, above this file.
        private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path

        static let pages: [String] =
            ["README.md"]
            + ((try? FileManager.default.contentsOfDirectory(atPath: repository + "/Docs")) ?? []).filter { $0.hasSuffix(".md") }
            .sorted().map { "Docs/\($0)" }

        @Test("every command of a page runs, and prints what the page says", arguments: pages)
        func page(_ page: String) throws {
            let text = try String(contentsOfFile: "\(Self.repository)/\(page)", encoding: .utf8)
            let examples = Example.all(in: text)
            guard !examples.isEmpty else { return }
            let session = try Session()
            for example in examples {
                let result = try session.run(example.command)
                #expect(
                    result.status == example.status,
                    "\(page):\(example.line): $ \(example.command)\nended with \(result.status):\n\(result.output)")
                let missing = example.missing(from: result.output)
                #expect(
                    missing == nil,
                    "\(page):\(example.line): $ \(example.command)\ndid not print '\(missing ?? "")' but:\n\(result.output)")
            }
        }
    }
}

/// A command as a page shows it, with what it prints.
///
/// Console examples stand in fenced blocks of the language `console`. A line that begins with `$ ` is a command, lines behind it
/// that begin with `> ` continue it, the others are its output. `...` stands for any lines; a comment `# status N` behind the
/// command says that it ends so.
private struct Example {
    var line: Int
    var command: String
    var output: [String] = []
    var status: Int32 = 0

    static func all(in text: String) -> [Example] {
        var examples: [Example] = []
        var isInside = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                isInside = line == "```console"
            } else if isInside, line.hasPrefix("$ ") {
                examples.append(Example(line: number + 1, command: String(line.dropFirst(2))))
            } else if isInside, line.hasPrefix("> "), let last = examples.indices.last, examples[last].output.isEmpty {
                examples[last].command += "\n" + line.dropFirst(2)
            } else if isInside, let last = examples.indices.last {
                examples[last].output.append(String(line))
            }
        }
        return examples.map { example in
            var example = example
            if let comment = example.command.range(of: " # status ") {
                example.status = Int32(example.command[comment.upperBound...]) ?? 0
                example.command = String(example.command[..<comment.lowerBound])
            }
            return example
        }
    }

    /// The first line of the output that was not printed, in order; `nil` when all were. Figures, ids and times may be others.
    func missing(from printed: String) -> String? {
        var rest = printed.split(separator: "\n").map { Self.shape(String($0)) }[...]
        for line in output where line != "..." && !line.allSatisfy(\.isWhitespace) {
            guard let found = rest.firstIndex(of: Self.shape(line)) else { return line }
            rest = rest[(found + 1)...]
        }
        return nil
    }

    /// A line without what differs from run to run.
    private static func shape(_ line: String) -> String {
        var line = line
        for (pattern, replacement) in [
            (#"\b[a-z]{3}_[0-9a-z]{26}\b"#, "ID"), (#"\b[0-9a-f]{64}\b"#, "HASH"), (#"/tmp/[A-Za-z0-9._/-]+"#, "PATH"),
            (#"[0-9]+([.,:][0-9]+)*"#, "N"), (#"\b(N (d|h|min|s|ms|us) ?)+"#, "SPAN "), (#"N (B|KiB|MiB|GiB|TiB)\b"#, "SIZE"),
            (#"N credits?\b"#, "CREDITS"), (#"N cores?\b"#, "CORES"), (#"\s+"#, " "),
        ] {
            line = line.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
        }
        return line.trimmingCharacters(in: .whitespaces)
    }
}

/// A shell in which the examples of one page run one after the other.
private final class Session {
    private let home: String
    private let process = Process()
    private let (input, output) = (Pipe(), Pipe())
    private var number = 0

    init() throws {
        home = NSTemporaryDirectory() + "/surplus-docs-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
        chmod(home, 0o711)
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["--norc", "--noprofile"]
        process.currentDirectoryURL = URL(fileURLWithPath: home)
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = LivePool.programs + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        environment["HOME"] = home
        for name in ["SURPLUS_SOCKET", "SURPLUS_AGENT", "NO_COLOR"] { environment[name] = nil }
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        let down = try? LivePool.run(["dev", "down", "--dir", "\(home)/pool"])
        if let down, down.status != 0, FileManager.default.fileExists(atPath: "\(home)/pool") {
            Issue.record("dev down: \(down.errors)")
        }
        try? FileManager.default.removeItem(atPath: home)
    }

    /// Runs a command to its end. The pool of the pages, in /tmp/pool, is one of this session's own.
    func run(_ command: String) throws -> (status: Int32, output: String) {
        number += 1
        let mark = "end-of-example-\(number)"
        let here = command.replacingOccurrences(of: "/tmp/pool", with: "\(home)/pool")
        try input.fileHandleForWriting.write(
            contentsOf: Data("{ \(here)\n} </dev/null; status=$?; echo; echo \(mark) $status\n".utf8))
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
