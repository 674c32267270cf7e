import Foundation
import Testing
import Wire

@Suite struct JobTests {
    /// Submits a job that runs on without a watcher.
    private func detached(_ program: String..., agent: FakeAgent, options: [String] = [], in directory: String? = nil)
        async throws -> String
    {
        let ended = await (try Program(["run", "--detach"] + options + ["--"] + program, agent: agent, in: directory)).end()
        #expect(ended.status == 0)
        return ended.stdout.trimmingCharacters(in: .newlines)
    }

    @Test("an attached watcher sees everything from the beginning and ends with the program's status")
    func attach() async throws {
        try await FakeAgent.serving { agent in
            let job = try await detached("trap", agent: agent)
            let watcher = try Program(["job", "attach", job], agent: agent)
            try await watcher.waitFor("ready\n")
            watcher.signal(SIGTERM)
            let ended = await watcher.end()
            #expect(ended.stdout == "ready\nsignal 15\n")
            #expect(ended.status == 143)
        }
    }

    @Test("a watcher without --stdin leaves the program's standard input alone")
    func attachWithoutInput() async throws {
        try await FakeAgent.serving { agent in
            let first = try Program(["run", "--", "cat"], agent: agent)
            first.send("one\n")
            try await first.waitFor("one\n")
            first.signal(SIGKILL)
            let job = try #require(agent.state.withLock { $0.jobs.keys.first })
            let idle = try Program(["job", "attach", job], agent: agent)
            try await idle.waitFor("one\n")
            idle.signal(SIGKILL)
            _ = await idle.end()
            let second = try Program(["job", "attach", "--stdin", job], agent: agent)
            second.send("two\n")
            let ended = await second.end()
            #expect(ended.stdout == "one\ntwo\n")
            #expect(ended.status == 0)
            _ = await first.end()
        }
    }

    @Test("waiting ends with the program's status and without its output")
    func wait() async throws {
        try await FakeAgent.serving { agent in
            let job = try await detached("exit", "7", agent: agent)
            let ended = try await Program.run("job", "wait", job, agent: agent)
            #expect(ended.status == 7)
            #expect(ended.stdout.isEmpty)
        }
    }

    @Test("waiting brings the outputs home, where it was told to or not at all")
    func waitForOutputs() async throws {
        try await FakeAgent.serving { agent in
            let home = "\(agent.directory)/home"
            try Scratch.make(home)
            try Scratch.write("text", "\(home)/in")
            let job = try await detached("exit", "0", agent: agent, options: ["--input", "in:out", "--output", "out"], in: home)
            #expect(try await Program.run("job", "wait", "--no-outputs", job, agent: agent, in: home).status == 0)
            #expect(try Scratch.names(home) == ["in"])
            #expect(try await Program.run("job", "wait", "--to", "results", job, agent: agent, in: home).status == 0)
            #expect(try Scratch.read("\(home)/results/out") == "text")
            #expect(try await Program.run("job", "fetch", job, agent: agent, in: home).status == 0)
            #expect(try Scratch.read("\(home)/out") == "text")
        }
    }

    @Test("logs write what there is and end, also while the program runs")
    func logs() async throws {
        try await FakeAgent.serving { agent in
            let ended = try await Program.run("job", "logs", try await detached("trap", agent: agent), agent: agent)
            #expect(ended.status == 0)
            #expect(ended.stdout == "ready\n")
            let both = try await Program.run(
                "job", "logs", "--follow", try await detached("say", "a", "b", agent: agent), agent: agent)
            #expect((both.stdout, both.stderr) == ("a", "b"))
        }
    }

    @Test("a job that is not there is 125 where the program's status would be, 1 elsewhere")
    func unknown() async throws {
        try await FakeAgent.serving { agent in
            for verb in ["attach", "wait"] {
                #expect(try await Program.run("job", verb, Sample.job, agent: agent).status == 125)
            }
            for verb in ["show", "logs", "cancel", "fetch"] {
                let ended = try await Program.run("job", verb, Sample.job, agent: agent)
                #expect(ended.status == 1)
                #expect(ended.stderr.contains("no such job; see 'surplus job list'"))
            }
        }
    }

    @Test("a cancelled job says so")
    func cancel() async throws {
        try await FakeAgent.serving { agent in
            let job = try await detached("wait", agent: agent)
            #expect(try await Program.run("job", "cancel", job, agent: agent).stdout.contains("cancelled"))
            #expect(try await Program.run("job", "wait", job, agent: agent).status == 125)
        }
    }
}
