import Testing

@Suite struct UsageTests {
    @Test(
        "bad usage ends with 2, says what is wrong and what to write, and writes nothing to standard output",
        arguments: [
            (["bogus"], "bogus"), (["run"], "no program"), (["run", "--cpu", "abc", "--", "x"], "write cores"),
            (["run", "--cpu", "0", "--", "x"], "out of range"), (["run", "--memory", "512", "--", "x"], "add a unit"),
            (["run", "--for", "2 parsecs", "--", "x"], "write a duration"), (["run", "--bogus", "x"], "--bogus"),
            (["run", "--env", "NOVALUE", "--", "x"], "KEY=VALUE"), (["run", "--json", "--", "x"], "--detach"),
            (["run", "--input", "/etc:../up", "--", "x"], "leads out"), (["run", "--output", "/abs", "--", "x"], "relative"),
            (["run", "--output", "a", "--output", "a/b", "--", "x"], "twice"),
            (["run", "--input", "/nonexistent", "--", "x"], "no such file"),
            (["lease", "reclaim"], "--all"), (["lease", "reclaim", "--all", "lse_1"], "--all"), (["lease", "show"], "lease"),
            (["lease", "request", "--cpu", "1", "--least-cpu", "2"], "at most"), (["events", "--last", "-1"], "--last"),
            (["dev", "up", "--nodes", "0", "--dir", "/tmp/x"], "out of range"), (["dev", "up", "--nodes", "3"], "--dir"),
            (["dev", "exec", "node1", "--dir", "/tmp/x"], "no program"), (["job", "attach"], "job"),
            (["pool", "user", "add", "anna", "--out", "/tmp/x"], "--role"),
            (["pool", "user", "add", "anna", "--role", "owner", "--out", "/tmp/x"], "viewer, borrower, operator"),
            (["pool", "user", "add", "anna", "--role", "borrower"], "--out"), (["pool", "role", "blade1"], "role"),
            (["pool", "role", "blade1", "king"], "no role of a pool"), (["audit", "--last", "0"], "--last"),
            (["audit", "--since", "never"], "write a duration"), (["--agent"], "no value"),
            (["--agent", "blade1:99999", "status"], "no address"), (["status", "--agent", "a b"], "no address"),
            (["status", "--agent", "blade1", "--socket", "/run/x"], "contradict"),
        ])
    func badUsage(arguments: [String], hint: String) async throws {
        let ended = await (try Program(arguments)).end()
        #expect(ended.status == 2)
        #expect(ended.stdout.isEmpty)
        #expect(ended.stderr.hasPrefix("surplus: "))
        #expect(ended.stderr.contains(hint), "\(ended.stderr)")
    }

    @Test("without an agent a command ends with 1 and says where it looked and what to do")
    func noAgent() async throws {
        let ended = try await Program.run("status")
        #expect(ended.status == 1)
        #expect(ended.stdout.isEmpty)
        #expect(ended.stderr.contains("/nonexistent/agent.sock"))
        #expect(ended.stderr.contains("surplusd"))
        #expect(ended.stderr.split(separator: "\n").count == 1)
    }

    @Test("without an agent 'run' ends with 125, which no program's own failure looks like")
    func runWithoutAgent() async throws {
        #expect(try await Program.run("run", "--", "true").status == 125)
    }

    @Test(
        "help begins with what the command does and examples, on standard output, and ends with 0",
        arguments: [
            ["status"], ["nodes"], ["offers"], ["run"], ["job"], ["job", "list"], ["job", "show"], ["job", "attach"],
            ["job", "wait"],
            ["job", "logs"], ["job", "fetch"], ["job", "cancel"], ["ps"], ["lease"], ["lease", "request"], ["lease", "list"],
            ["lease", "show"], ["lease", "renew"], ["lease", "release"], ["lease", "reclaim"], ["credits"], ["ledger"],
            ["ledger", "verify"], ["events"], ["explain"], ["version"], ["pool"], ["pool", "init"], ["pool", "token"],
            ["pool", "token", "create"], ["pool", "join"], ["pool", "grant"], ["pool", "revoke"], ["pool", "leave"],
            ["pool", "role"], ["pool", "user"], ["pool", "user", "add"],
            ["pool", "user", "list"], ["pool", "user", "role"], ["pool", "user", "renew"], ["pool", "user", "revoke"],
            ["audit"], ["dev"],
            ["dev", "up"], ["dev", "start"], ["dev", "status"], ["dev", "down"], ["dev", "env"], ["dev", "exec"], [],
        ])
    func help(command: [String]) async throws {
        let ended = await (try Program(command + ["--help"])).end()
        #expect(ended.status == 0)
        #expect(ended.stderr.isEmpty)
        #expect(ended.stdout.hasPrefix("OVERVIEW: "))
        let usage = try #require(ended.stdout.range(of: "\nUSAGE: surplus"))
        #expect(ended.stdout[..<usage.lowerBound].contains("\nExamples:\n"))
    }

    @Test("an answer that cannot be written is a failure")
    func fullDisk() async throws {
        let ended = await (try Program(["-c", "'\(Program.path)' version > /dev/full"], executable: "/bin/sh")).end()
        #expect(ended.status == 1)
        #expect(ended.stderr.contains("standard output: no space left on device"))
    }

    @Test("a reader that goes away ends a stream quietly, by SIGPIPE")
    func closedPipe() async throws {
        let result = try await FakeAgent.serving { agent in
            let script = "'\(Program.path)' events --last 100000 | head -n 1; exit ${PIPESTATUS[0]}"
            return await (try Program(["-c", script], agent: agent, executable: "/bin/bash")).end()
        }
        #expect(result.status == 128 + 13)
        #expect(result.stderr.isEmpty)
        #expect(result.stdout.split(separator: "\n").count == 1)
    }
}
