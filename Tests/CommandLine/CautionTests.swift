import Testing
import Wire

@Suite struct CautionTests {
    private static let destroying = [
        ["pool", "leave"], ["pool", "revoke", "node2"], ["pool", "user", "revoke", "anna"], ["reclaim", "--all", "--now"],
        ["reclaim", Sample.lease, "--now"],
        ["pause", "--now"],
    ]

    private static func changes(_ agent: FakeAgent) -> Int {
        agent.state.withLock { $0.left + $0.revoked.count + $0.pauses.count + $0.reclaims.count }
    }

    @Test(
        "what destroys is refused where nobody can be asked, and changes nothing",
        arguments: destroying + [["evict"]])
    func nobody(arguments: [String]) async throws {
        try await FakeAgent.serving { agent in
            let ended = await (try Program(arguments, agent: agent)).end()
            #expect(ended.status == 2)
            #expect(ended.stderr.contains("--yes") && ended.stderr.split(separator: "\n").count == 1, "\(ended.stderr)")
            #expect(Self.changes(agent) == 0)
        }
    }

    @Test("with --yes it is done without asking", arguments: destroying)
    func yes(arguments: [String]) async throws {
        try await FakeAgent.serving { agent in
            let ended = await (try Program(arguments + ["--yes"], agent: agent)).end()
            #expect(ended.status == 0, "\(ended.stderr)")
            #expect(Self.changes(agent) == 1)
        }
    }

    @Test(
        "at a terminal the answer decides, and only yes is yes",
        arguments: [("y", 0, 1), ("yes", 0, 1), ("n", 1, 0), ("", 1, 0), ("yep", 1, 0)])
    func asked(answer: String, status: Int32, changes: Int) async throws {
        try await FakeAgent.serving { agent in
            // script(1) gives the program a terminal
            let terminal = ["-q", "-e", "-c", "'\(Program.path)' pool leave", "/dev/null"]
            let program = try Program(terminal, agent: agent, executable: "/usr/bin/script")
            try await program.waitFor("[y/N]")
            program.send("\(answer)\n")
            let ended = await program.end()
            #expect(ended.status == status, "\(ended.stdout)")
            #expect(Self.changes(agent) == changes)
        }
    }

    @Test("a dry run asks for nothing to be changed, and needs no confirmation")
    func dryRun() async throws {
        try await FakeAgent.serving { agent in
            for arguments in [["reclaim", "--all", "--now", "--dry-run"], ["pause", "--now", "--dry-run"]] {
                let ended = await (try Program(arguments, agent: agent)).end()
                #expect(ended.status == 0)
            }
            #expect(agent.state.withLock { $0.reclaims.map(\.dryRun) + $0.pauses.map(\.dryRun) } == [true, true])
            let leaving = try await Program.run("pool", "leave", "--dry-run", agent: agent)
            #expect(leaving.status == 0)
            #expect(leaving.stdout.contains("would leave the pool 'lab'"))
            #expect(agent.state.withLock { $0.left } == 0)
        }
    }

    @Test("a dry run says who would lend and for how much at most; when nobody would, that is a failure")
    func preview() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.preview.candidates = [
                    .with { candidate in
                        (candidate.name, candidate.node, candidate.ceilingMicrocredits) = ("node2", "nde_2", 250_000)
                        candidate.terms.amounts.cpuMillicores = 1000
                        candidate.terms.termMicroseconds = 900_000_000
                    },
                    .with {
                        ($0.name, $0.node) = ("node3", "nde_3")
                        $0.refusal = .with { ($0.term, $0.reason) = ("cpu", "nothing is free") }
                    },
                ]
            }
            let lease = try await Program.run("lease", "request", "--dry-run", agent: agent)
            #expect(lease.status == 0)
            #expect(lease.stdout.contains("from node2 for 15 min") && lease.stdout.contains("at most 0.25 credits"))
            #expect(lease.stdout.contains("cpu: nothing is free"))
            let run = try await Program.run("run", "--dry-run", "--", "make", "a b", agent: agent)
            #expect(run.status == 0)
            #expect(run.stdout.contains("make 'a b'"))
            #expect(agent.state.withLock { $0.submissions.isEmpty })
            agent.state.withLock { _ = $0.preview.candidates.removeFirst() }
            #expect(try await Program.run("lease", "request", "--dry-run", agent: agent).status == 1)
            #expect(try await Program.run("run", "--dry-run", "--", "true", agent: agent).status == 125)
        }
    }
}
