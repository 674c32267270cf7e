import Testing

@Suite struct TerminalTests {
    /// Runs a command at a terminal of its own.
    private static func atTerminal(
        _ command: String, columns: Int = 80, agent: FakeAgent, variables: [String] = []
    ) async throws -> String {
        let script = "stty cols \(columns); '\(Program.path)' \(command)"
        let program = try Program(
            ["-q", "-e", "-c", script, "/dev/null"], agent: agent, executable: "/usr/bin/script",
            variables: ["TERM=xterm"] + variables)
        return await program.end().stdout.replacing("\r\n", with: "\n")
    }

    @Test(
        "colours are where a person sees them, and nowhere that says it wants none",
        arguments: [
            ("", [], true), ("", ["NO_COLOR=1"], false), ("", ["CLICOLOR=0"], false), ("", ["TERM=dumb"], false),
            ("--plain", [], false), ("--color never", [], false), ("--color always", ["NO_COLOR=1"], true),
            ("--json", ["CLICOLOR_FORCE=1"], false),
        ] as [(String, [String], Bool)])
    func colours(option: String, variables: [String], expected: Bool) async throws {
        try await FakeAgent.serving { agent in
            let text = try await Self.atTerminal("nodes \(option)", agent: agent, variables: variables)
            #expect(text.contains("node1"))
            #expect(text.contains("\u{1B}[") == expected, "\(text)")
        }
    }

    @Test("in a pipe there are colours only when they are asked for")
    func pipe() async throws {
        try await FakeAgent.serving { agent in
            #expect(try await !Program.run("nodes", agent: agent).stdout.contains("\u{1B}"))
            #expect(try await Program.run("nodes", "--color", "always", agent: agent).stdout.contains("\u{1B}[2m"))
            let forced = await (try Program(["nodes"], agent: agent, variables: ["CLICOLOR_FORCE=1"])).end()
            #expect(forced.stdout.contains("\u{1B}["))
            let both = await (try Program(["nodes"], agent: agent, variables: ["CLICOLOR_FORCE=1", "NO_COLOR=1"])).end()
            #expect(!both.stdout.contains("\u{1B}"))
        }
    }

    @Test(
        "at 40 columns no line is longer", arguments: ["status", "nodes", "offers", "credits", "events", "logs -n 1", "doctor"])
    func narrow(command: String) async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.findings = [
                    .with {
                        ($0.area, $0.name, $0.severity) = ("kernel", "user namespaces", "warning")
                        $0.finding = "users cannot make any; only a warden that runs as root can run guests"
                        $0.remedy = "sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1"
                    }
                ]
            }
            let text = try await Self.atTerminal(command, columns: 40, agent: agent, variables: ["NO_COLOR=1"])
            #expect(!text.isEmpty)
            for line in text.split(separator: "\n") { #expect(line.count <= 40, "\(line)") }
        }
    }

    @Test("plain output has a record a line, without headings, and can be cut")
    func plain() async throws {
        try await FakeAgent.serving { agent in
            let nodes = try await Program.run("nodes", "--plain", agent: agent)
            #expect(nodes.stdout.split(separator: "\n").map { $0.split(separator: "\t").first } == ["node1"])
            #expect(try await Program.run("lease", "list", "--plain", agent: agent).stdout.isEmpty)
        }
    }

    @Test(
        "whoever stops reading ends a command quietly, by SIGPIPE",
        arguments: ["events --last 100000", "logs -n 100000", "--help", "completions bash", "run --help"])
    func closedPipe(command: String) async throws {
        let ended = try await FakeAgent.serving { agent in
            // a reader that reads nothing: whatever is written, nobody takes it
            let script = "'\(Program.path)' \(command) | true; echo ${PIPESTATUS[0]}"
            var last: Program.Ended?
            // what fits into the pipe before the reader has ended is no failure
            for _ in 0..<50 where last?.stdout != "141\n" {
                last = await (try Program(["-c", script], agent: agent, executable: "/bin/bash")).end()
            }
            return last
        }
        #expect(ended?.stdout == "141\n")
        #expect(ended?.stderr.isEmpty == true)
    }
}
