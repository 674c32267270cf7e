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
            (["run", "--detach", "--output", "a:b", "--", "x"], "job wait"),
            (["run", "--input", "/nonexistent", "--", "x"], "no such file"),
            (["run", "--retry-limit", "3", "--", "x"], "add --retry"), (["run", "--lost-after", "3s", "--", "x"], "add --retry"),
            (["run", "--retry", "--retry-limit", "0", "--", "x"], "write 1 to 100"),
            (["run", "--checkpoint", "../x", "--", "x"], "not in the job's directory"),
            (["run", "--retry", "--lease", Sample.lease, "--", "x"], "of one node"),
            (["reclaim"], "--all"), (["evict", "--all"], "--all"), (["reclaim", "--all", Sample.lease], "--all"),
            (["lease", "show"], "lease"),
            (["lease", "request", "--cpu", "1", "--least-cpu", "2"], "at most"), (["events", "--last", "-1"], "--last"),
            (["lease", "request", "--disk", "20GiB", "--cpu", "1"], "--disk: excludes --cpu; disk is lent by itself"),
            (["lease", "request", "--disk", "20GiB", "--least-disk", "30GiB"], "at most 20 GiB"),
            (["lease", "request", "--least-disk", "1GiB"], "add that, such as --disk"),
            (["offers", "--disk", "20GiB", "--memory", "1GiB"], "--disk: excludes --memory"),
            (["policy", "explain", "--disk", "20GiB", "--cpu", "1"], "--disk: excludes --cpu"),
            (["run", "--for", "1h", "--swap-disk", "1GiB", "--swap-cpu", "1", "--", "x"], "--swap-disk: excludes"),
            (["lease", "request", "--start", "2020-01-01"], "is past"), (["lease", "request", "--start", "soon"], "+2h"),
            (["lease", "request", "--start", "+400d"], "too far ahead"), (["lease", "request", "--nodes", "0"], "out of range"),
            (["lease", "request", "--nodes", "2", "--on", "node2"], "name more"), (["events", "--kind", "Lease"], "lease.*"),
            (["lease", "request", "--for", "1m", "--swap-cpu", "1", "--nodes", "2"], "--nodes: excludes --swap-cpu"),
            (["lease", "request", "--for", "1m", "--swap-memory", "1GiB", "--start", "+1h"], "--start: excludes --swap-memory"),
            (["lease", "request", "--for", "1m", "--swap-cpu", "1", "--renew"], "--renew: excludes --swap-cpu"),
            (["lease", "request", "--nodes", "2", "--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"], "--nodes: excludes --redeem"),
            (["run", "--max-price", "2", "--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a", "--", "x"], "--max-price: excludes"),
            (["dev", "up", "--nodes", "0", "--dir", "/tmp/x"], "out of range"), (["dev", "up", "--nodes", "3"], "--dir"),
            (["dev", "exec", "node1", "--dir", "/tmp/x"], "no program"), (["job", "attach"], "job"),
            (["pool", "user", "add", "anna", "--out", "/tmp/x"], "--role"),
            (["pool", "user", "add", "anna", "--role", "owner", "--out", "/tmp/x"], "viewer, borrower, operator"),
            (["pool", "user", "add", "bob x", "--role", "borrower", "--out", "/tmp/x"], "user name 'bob x' is not usable"),
            (["pool", "user", "add", "bob", "--role", "borrower", "--valid", "5s", "--out", "/tmp/x"], "--valid: 5 s is out of"),
            (["pool", "user", "add", "anna", "--role", "borrower"], "--out"), (["pool", "role", "blade1"], "role"),
            (["pool", "role", "blade1", "king"], "no role of a pool"), (["audit", "--last", "0"], "--last"),
            (["audit", "--since", "never"], "write a duration"), (["--agent"], "no value"),
            (["--agent", "blade1:99999", "status"], "no address"), (["status", "--agent", "a b"], "no address"),
            (["status", "--agent", "blade1", "--socket", "/run/x"], "contradict"),
            (["usage", "--since", "yesterday"], "write how long ago"), (["usage", "--since", "7"], "write how long ago"),
            (["usage", "--since", "2026-13-45"], "write how long ago"),
            (["usage", "--since", "1h", "--until", "2h"], "is not before"),
            (["usage", "--metric", "gpu"], "gpu"), (["usage", "--step", "1500ms"], "whole number"),
            (["usage", "--step", "0s"], "out of range"),
            (["usage", "a", "b"], "b"), (["usage", "--since", "100000d"], "longer ago"),
            (
                [
                    "obligation", "offset", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a", "--against",
                    "obl_01jd3x9k3v8q2m7r5t6w8y0z1a",
                ], "the obligation itself"
            ),
        ])
    func badUsage(arguments: [String], hint: String) async throws {
        let ended = await (try Program(arguments)).end()
        #expect(ended.status == 2)
        #expect(ended.stdout.isEmpty)
        #expect(ended.stderr.hasPrefix("surplus: "))
        #expect(ended.stderr.contains(hint), "\(ended.stderr)")
    }

    @Test(
        "an id that cannot be one is bad usage, whatever it is for",
        arguments: [
            ["lease", "show", "lse_1"], ["lease", "renew", "job_01jd3x9k3v8q2m7r5t6w8y0z1a"], ["lease", "release", "x"],
            ["reclaim", "lse_"], ["run", "--lease", "7", "--", "true"], ["job", "show", "job_1"], ["job", "attach", "nonsense"],
            ["job", "wait", "lse_01jd3x9k3v8q2m7r5t6w8y0z1a"], ["job", "logs", ""], ["job", "cancel", "job_1"],
            ["job", "fetch", "job_1"], ["explain", "trf_1"], ["events", "--id", "lse_xx"],
        ])
    func malformedID(arguments: [String]) async throws {
        let ended = await (try Program(arguments)).end()
        #expect(ended.status == 2)
        #expect(ended.stdout.isEmpty)
        #expect(ended.stderr.contains("not the id of"), "\(ended.stderr)")
    }

    @Test(
        "a negative number is reported for what it is, not as a missing value",
        arguments: [
            (["run", "--cpu", "-1", "--", "x"], "'-1'"), (["events", "--last", "-5"], "-5 is negative"),
            (["logs", "-n", "-5"], "-5 is negative"), (["pause", "--for", "-1h"], "'-1h'"),
            (["dev", "up", "--nodes", "-3", "--dir", "/tmp/x"], "-3 is out of range"),
        ])
    func negative(arguments: [String], reading: String) async throws {
        let ended = await (try Program(arguments)).end()
        #expect(ended.status == 2)
        #expect(ended.stderr.contains(reading), "\(ended.stderr)")
        #expect(!ended.stderr.contains("Missing value"))
    }

    @Test("what was written is quoted such that it cannot move the cursor")
    func hostileArgument() async throws {
        let ended = await (try Program(["run", "--bad\u{1B}[2J\nname", "x"])).end()
        #expect(ended.status == 2)
        #expect(ended.stderr.contains("\\u{1b}[2J\\u{a}name"), "\(ended.stderr)")
        #expect(!ended.stderr.contains("\u{1B}"))
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
