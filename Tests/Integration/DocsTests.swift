import Foundation
import Testing

extension LiveTests {
    /// What the documentation shows is what happens: every console example is run, page by page, and its output compared.
    @Suite struct DocsTests {
        /// The repository, above this file.
        private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path

        /// Those about one machine.
        static let pages: [String] =
            (["README.md"]
            + ((try? FileManager.default.contentsOfDirectory(atPath: repository + "/Docs")) ?? []).filter { $0.hasSuffix(".md") }
            .sorted().map { "Docs/\($0)" }).filter { $0 != installing }

        static let installing = "Docs/install.md"

        @Test("every command of a page runs, and prints what the page says", arguments: pages)
        func page(_ page: String) throws {
            let examples = try Self.examples(of: page)
            guard !examples.isEmpty else { return }
            let machine = try OneMachine()
            for example in examples {
                #expect(example.place == nil, "\(page):\(example.line): a page about one machine")
                try Self.check(example, page) { try machine.run($0) }
            }
        }

        /// Control groups and namespaces can be had by root only.
        static let isRoot = getuid() == 0

        @Test(
            "who does what the page about installing says has three machines that lend and borrow",
            .enabled(if: isRoot, "root is missing, who alone can make namespaces of the network and mounts"))
        func installing() throws {
            let examples = try Self.examples(of: Self.installing)
            #expect(!examples.isEmpty)
            let machines = try ThreeMachines(repository: Self.repository)
            for example in examples {
                let place = try #require(example.place, "\(Self.installing):\(example.line): on which machine?")
                for name in place.machine == "all" ? ThreeMachines.names : [place.machine] {
                    try Self.check(example, "\(Self.installing) (\(name))") { try machines.run($0, on: name, as: place.user) }
                }
            }
        }

        private static func examples(of page: String) throws -> [Example] {
            Example.all(in: try String(contentsOfFile: "\(repository)/\(page)", encoding: .utf8))
        }

        private typealias Result = (status: Int32, output: String)

        /// - Parameter run: runs a command where the example is to be run.
        private static func check(_ example: Example, _ page: String, _ run: (String) throws -> Result) throws {
            var result = try run(example.command)
            // What goes on by itself, such as settling a lease, may not be over when a reader as fast as this one looks.
            let deadline = Date(timeIntervalSinceNow: 20)
            while example.onlyShows, example.missing(from: result.output) != nil, Date() < deadline {
                result = try run(example.command)
            }
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

/// Where the examples of a page about one machine run: a home of their own, and the programs under test.
private final class OneMachine {
    private let home: String
    private let session: ShellSession

    init() throws {
        home = NSTemporaryDirectory() + "/surplus-docs-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
        chmod(home, 0o711)
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = LivePool.programs + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
        environment["HOME"] = home
        for name in ["SURPLUS_SOCKET", "SURPLUS_WARDEN", "SURPLUS_AGENT", "NO_COLOR"] { environment[name] = nil }
        session = try ShellSession(["/bin/bash", "--norc", "--noprofile"], in: home, environment: environment)
    }

    deinit {
        session.end()
        let down = try? LivePool.run(["dev", "down", "--dir", "\(home)/pool"])
        if let down, down.status != 0, FileManager.default.fileExists(atPath: "\(home)/pool") {
            Issue.record("dev down: \(down.errors)")
        }
        try? FileManager.default.removeItem(atPath: home)
    }

    /// The pool of the pages, in /tmp/pool, is one of this page's own.
    func run(_ command: String) throws -> (status: Int32, output: String) {
        try session.run(command.replacingOccurrences(of: "/tmp/pool", with: "\(home)/pool"))
    }
}

/// Three machines out of this one, as `scripts/machines` makes them, with the programs under test as those that were built.
private final class ThreeMachines {
    static let names = ["blade1", "blade2", "blade3"]

    private let directory = NSTemporaryDirectory() + "/surplus-docs-\(UUID().uuidString.prefix(8))"
    private let script: String
    private let up = Process()
    private let (input, output) = (Pipe(), Pipe())
    private var sessions: [Example.Place: ShellSession] = [:]

    init(repository: String) throws {
        script = repository + "/scripts/machines"
        up.executableURL = URL(fileURLWithPath: script)
        up.arguments = ["up", directory]
        up.environment = ProcessInfo.processInfo.environment.merging(["SURPLUS_PROGRAMS": LivePool.programs]) { $1 }
        up.standardInput = input
        up.standardOutput = output
        try up.run()
        // said once they are there; an end without a word is one, too
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        try #require(said.hasPrefix("blade1, blade2 and blade3 are there"), "scripts/machines up: \(said)")
    }

    deinit {
        // The machines first, with all that runs on them: a shell counts as running as long as something it started does.
        try? input.fileHandleForWriting.close()
        up.waitUntilExit()
        sessions = [:]
        #expect(up.terminationStatus == 0 && !FileManager.default.fileExists(atPath: directory), "scripts/machines up")
    }

    func run(_ command: String, on machine: String, as user: String) throws -> (status: Int32, output: String) {
        let place = Example.Place(machine: machine, user: user)
        let session = try sessions[place] ?? ShellSession([script, "enter", directory, machine, user])
        sessions[place] = session
        return try session.run(command)
    }
}
