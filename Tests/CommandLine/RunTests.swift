import Foundation
import Testing
import Wire

@Suite(.timeLimit(.minutes(2))) struct RunTests {
    @Test("the program's streams are this program's streams")
    func streams() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("run", "--", "say", "out", "err", agent: $0) }
        #expect(ended.status == 0)
        #expect(ended.stdout == "out")
        #expect(ended.stderr == "err")
    }

    @Test(
        "the exit status is the program's own",
        arguments: [
            (["exit", "0"], 0), (["exit", "3"], 3), (["exit", "255"], 255), (["die", "9"], 137), (["die", "15"], 143),
            (["missing"], 127),
        ])
    func status(program: [String], status: Int) async throws {
        let ended = try await FakeAgent.serving { await (try Program(["run", "--"] + program, agent: $0)).end() }
        #expect(ended.status == Int32(status))
        #expect(ended.stderr == (status == 127 ? "surplus: missing: not found\n" : ""))
    }

    @Test("standard input is passed on whole, and its end ends the program's")
    func input() async throws {
        let text = String(repeating: "0123456789abcdef", count: 20_000)
        let ended = try await FakeAgent.serving { agent in
            let program = try Program(["run", "--", "cat"], agent: agent)
            program.send(text)
            return await program.end()
        }
        #expect(ended.status == 0)
        #expect(ended.stdout == text)
    }

    @Test("connections that break again and again lose nothing and repeat nothing, in either direction")
    func brokenConnections() async throws {
        let text = (0..<40_000).map { "\($0)\n" }.joined()
        let ended = try await FakeAgent.serving { agent in
            agent.state.withLock { $0.breakAfter = [1, 30_000, 500, 70_000] }
            let program = try Program(["run", "--", "cat"], agent: agent)
            program.send(text)
            return await program.end()
        }
        #expect(ended.status == 0)
        #expect(ended.stdout == text)
        #expect(ended.stderr.contains("lost the agent"))
    }

    @Test("who waits is told once that the lender's owner holds the job back, why, and when it goes on; --quiet says nothing")
    func heldBack() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("run", "--no-stdin", "--", "starve", agent: $0) }
        #expect(ended.stdout == "done\n" && ended.status == 0)
        #expect(
            ended.stderr == """
                surplus: the job is throttled for the owner of its machine: the owner uses more
                surplus: the job is frozen until the owner of its machine needs less: the owner is back
                surplus: the job goes on, throttled
                surplus: the job has all of its lease again

                """)
        let quiet = try await FakeAgent.serving {
            try await Program.run("run", "--quiet", "--no-stdin", "--", "starve", agent: $0)
        }
        #expect(quiet.stdout == "done\n" && quiet.stderr.isEmpty)
    }

    @Test("a running job is shown with what it uses now and what holds it back, not with a bill of nothing")
    func shownRunning() async throws {
        try await FakeAgent.serving { agent in
            let job = try await Program.run("run", "--detach", "--", "starve", agent: agent).stdout.split(separator: "\n")[0]
            let text = try await Program.run("job", "show", String(job), agent: agent).stdout
            for word in ["0.25 cores", "40 MiB", "frozen: the owner is back"] { #expect(text.contains(word), "\(word): \(text)") }
            #expect(!text.contains("charged") && !text.contains("used "))
            let json = try await Program.run("job", "show", String(job), "--json", agent: agent).stdout
            for word in ["\"rung\"", "\"frozen\"", "\"rung_reason\"", "\"using\"", "\"cpu_millicores\"", "250"] {
                #expect(json.contains(word), "\(word): \(json)")
            }
        }
    }

    @Test("signals reach the program, which decides what they mean")
    func signals() async throws {
        let ended = try await FakeAgent.serving { agent in
            let program = try Program(["run", "--no-stdin", "--", "trap"], agent: agent)
            try await program.waitFor("ready\n")
            for number in [SIGUSR1, SIGHUP, SIGINT] {
                program.signal(number)
                try await program.waitFor("signal \(number)\n")
            }
            program.signal(SIGTERM)
            return await program.end()
        }
        #expect(ended.stdout == "ready\nsignal 10\nsignal 1\nsignal 2\nsignal 15\n")
        #expect(ended.status == 128 + 15)
    }

    @Test("three interrupts within seconds cancel a job that ignores them")
    func cancelByInterrupts() async throws {
        let ended = try await FakeAgent.serving { agent in
            let program = try Program(["run", "--no-stdin", "--", "trap"], agent: agent)
            try await program.waitFor("ready\n")
            for count in 1...2 {
                program.signal(SIGINT)
                try await program.waitFor(String(repeating: "signal 2\n", count: count))
            }
            program.signal(SIGINT)
            return await program.end()
        }
        #expect(ended.status == 125)
        #expect(ended.stderr.contains("cancelled"))
    }

    @Test("an interrupt before the program runs cancels the job")
    func cancelWhileWaiting() async throws {
        try await FakeAgent.serving { agent in
            let program = try Program(["run", "--", "wait"], agent: agent)
            try await program.waitFor("queued\n")
            program.signal(SIGTERM)
            #expect(await program.end().status == 125)
            #expect(agent.state.withLock { $0.cancelled.count } == 1)
        }
    }

    @Test("a reader of standard output that goes away is a SIGPIPE to the program, not the end of the job")
    func closedOutput() async throws {
        let ended = try await FakeAgent.serving { agent in
            let script = "'\(Program.path)' run -- cat | (head -c 1; exec 0<&-; echo gone); exit ${PIPESTATUS[0]}"
            let program = try Program(["-c", script], agent: agent, executable: "/bin/bash")
            program.send("x")
            try await program.waitFor("gone")
            program.send("y")
            let job = try #require(agent.state.withLock { $0.jobs.values.first })
            while job.signals.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
            return (await program.end(), job.signals)
        }
        #expect(ended.0.stdout == "xgone\n")
        #expect(ended.0.status == 0)
        #expect(ended.1 == [13])
    }

    @Test("what is asked for reaches the agent as it was written")
    func request() async throws {
        let submission = try await FakeAgent.serving { agent in
            let ended = try await Program.run(
                "run", "--cpu", "1.5", "--memory", "2GiB", "--for", "1h30m", "--max-price", "0.25", "--on", "node2", "--on",
                "node3",
                "--env", "A=1", "--env", "B==", "--output", "out", "--detach", "--", "tool", "--flag", "--", "-x", agent: agent)
            #expect(ended.status == 0)
            #expect(ended.stdout.hasPrefix("job_"))
            return try #require(agent.state.withLock { $0.submissions.first })
        }
        #expect(submission.spec.program == "tool")
        #expect(submission.spec.arguments == ["--flag", "--", "-x"])
        #expect(submission.spec.environment == ["A": "1", "B": "="])
        #expect(submission.spec.outputs == ["out"])
        #expect(!submission.spec.stdinOpen)
        #expect(submission.request.amounts.cpuMillicores == 1500)
        #expect(submission.request.least == submission.request.amounts)
        #expect(submission.request.amounts.memoryBytes == 2 << 30)
        #expect(submission.request.termMicroseconds == 5_400_000_000)
        #expect(submission.request.maxCpuPrice == 250_000)
        #expect(submission.request.on == ["node2", "node3"])
    }

    @Test("who does not say how much or how long gets a core, or what there is, as long as it takes")
    func defaults() async throws {
        let submission = try await FakeAgent.serving { agent in
            _ = try await Program.run("run", "--", "exit", "0", agent: agent)
            return try #require(agent.state.withLock { $0.submissions.first })
        }
        #expect(submission.request.amounts.cpuMillicores == 1000)
        #expect(submission.request.least.cpuMillicores == 100)
        #expect(submission.request.termMicroseconds == 0)
        #expect(submission.spec.stdinOpen)
    }

    @Test("inputs go along and outputs come home, each under the name it was given")
    func files() async throws {
        try await FakeAgent.serving { agent in
            let home = "\(agent.directory)/home"
            try Scratch.make("\(home)/tree/sub")
            try Scratch.write("one", "\(home)/tree/sub/one")
            try Scratch.write("two", "\(home)/two")
            try Scratch.write("old", "\(home)/result")
            let ended = try await Program.run(
                "run", "--input", "tree", "--input", "two:deep/er/2", "--output", "tree", "--output", "deep/er/2:result",
                "--output",
                "deep/er/2/:dir/", "--", "exit", "0", agent: agent, in: home)
            #expect(ended.status == 2)
            let fine = try await Program.run(
                "run", "--input", "tree", "--input", "two:deep/er/2", "--output", "tree:back", "--output", "deep/er/2:result",
                "--",
                "exit", "0", agent: agent, in: home)
            #expect(fine.status == 0, "\(fine.stderr)")
            #expect(try Scratch.read("\(home)/back/sub/one") == "one")
            #expect(try Scratch.read("\(home)/result") == "two")
            #expect(try Scratch.names(home) == ["back", "result", "tree", "two"])
        }
    }

    @Test("an output that the program did not make fails a run that would have succeeded, and changes no other status")
    func missingOutput() async throws {
        try await FakeAgent.serving { agent in
            let home = "\(agent.directory)/home"
            try Scratch.make(home)
            let ended = try await Program.run("run", "--output", "none", "--", "exit", "0", agent: agent, in: home)
            #expect(ended.status == 125)
            #expect(ended.stderr.contains("none: the program did not make this output"))
            #expect(try await Program.run("run", "--output", "none", "--", "exit", "4", agent: agent, in: home).status == 4)
            #expect(try Scratch.names(home) == [])
        }
    }
}
