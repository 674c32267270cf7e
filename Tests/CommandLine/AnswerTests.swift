import Foundation
import GRPCCore
import Testing
import Wire

@Suite struct AnswerTests {
    @Test(
        "every command that shows or lists something does so as JSON with its schema",
        arguments: [
            (["status"], "capacity"), (["nodes"], "nodes"), (["offers"], "offers"), (["credits"], "balance_microcredits"),
            (["credits"], "obligations"),
            (["dispute", "list"], "disputes"), (["dispute", "show", Sample.dispute], "lender"),
            (["dispute", "open", Sample.receipt, "--reason", "too slow"], "dispute"),
            (["dispute", "accept", Sample.dispute], "accepted_microcredits"),
            (["dispute", "withdraw", Sample.dispute, "--amount", "0.5"], "withdrawn_microcredits"),
            (["credits", "net"], "we_owe_after_microcredits"),
            (["ledger", "reconcile", "node2"], "peers"),
            (["explain", Sample.lease], "summary"), (["lease", "list"], "leases"), (["lease", "show", Sample.lease], "lease"),
            (["lease", "renew", Sample.lease], "lease"), (["lease", "release", Sample.lease], "lease"),
            (["reclaim", "--all"], "leases"), (["pause"], "pause"), (["resume"], "was_paused"), (["doctor"], "findings"),
            (["logs", "-n", "1"], "message"),
            (["job", "list"], "jobs"), (["ps", "--all"], "jobs"), (["pool", "init", "lab"], "pool_name"),
            (["pool", "grant", "node2"], "nodes"), (["pool", "revoke", "node2", "--yes"], "told"),
            (["pool", "leave", "--yes"], "pool"),
            (["usage"], "series"), (["report", "chargeback"], "windows"),
            (["report", "trade", "--by", "application"], "rows"), (["report", "credits"], "peers"), (["version"], "version"),
            (["events", "--last", "1"], "sequence"),
            (["volume", "list"], "volumes"), (["volume", "status", "media"], "risk"),
            (["volume", "create", "media", "--size", "10GiB"], "lenders"), (["volume", "takeover", "media"], "volume"),
            (["volume", "grow", "media", "--size", "200GiB"], "outcomes"),
            (["volume", "shrink", "media", "--size", "50GiB", "--dry-run"], "plans"),
            (["volume", "evacuate", "node3", "--volume", "media"], "outcomes"), (["volume", "scrub", "media"], "outcomes"),
            (["volume", "delete", "media", "--yes"], "freed_bytes"),
        ])
    func json(arguments: [String], key: String) async throws {
        let ended = try await FakeAgent.serving { await (try Program(arguments + ["--json"], agent: $0)).end() }
        #expect(ended.status == 0, "\(ended.stderr)")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(ended.stdout.utf8)) as? [String: Any])
        #expect(object["schema"] as? Int == 1)
        #expect(object[key] != nil)
    }

    @Test("events are one JSON object a line")
    func jsonLines() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("events", "--last", "3", "--json", agent: $0) }
        let lines = ended.stdout.split(separator: "\n")
        #expect(lines.count == 3)
        for line in lines { #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any]) }
    }

    @Test("what the agent refuses is passed on in its words: 2 when the request was wrong, 1 otherwise")
    func refusals() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock { $0.refusal = RPCError(code: .failedPrecondition, message: "pool: not in one; join one") }
            let refused = try await Program.run("status", agent: agent)
            #expect(refused.status == 1)
            #expect(refused.stderr == "surplus: pool: not in one; join one\n")
            agent.state.withLock { $0.refusal = RPCError(code: .invalidArgument, message: "name: empty; give one") }
            #expect(try await Program.run("status", agent: agent).status == 2)
        }
    }

    @Test("a faulty ledger ends with 1, with the fault on standard output")
    func faultyLedger() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "verify", agent: $0) }
        #expect(ended.status == 1)
        #expect(ended.stdout.contains("FAULTY: transfer 7: hash differs"))
    }

    @Test("the ledger's files, its standby and what is wrong with it are shown, and what was moved is named")
    func ledgerFiles() async throws {
        let (status, archive, none) = try await FakeAgent.serving { agent in
            (
                try await Program.run("ledger", "status", agent: agent),
                try await Program.run("ledger", "archive", "there", agent: agent),
                try await Program.run("ledger", "archive", "/there", "--keep", "3", agent: agent)
            )
        }
        #expect(status.stdout.contains("/ledger, files 3 to 4, 1 MiB"))
        #expect(status.stdout.contains("older was archived") && status.stdout.contains("no space left"))
        #expect(archive.stdout.contains("moved file 1 to /") && archive.stdout.contains("/there"))
        #expect(none.stdout.hasPrefix("nothing to move"))
    }

    @Test("a capacity that is not what it was used for ends with 1, and is said")
    func unaccounted() async throws {
        try await FakeAgent.serving { agent in
            #expect(try await Program.run("report", "chargeback", agent: agent).status == 0)
            agent.state.withLock { $0.unaccounted = 1 }
            let ended = try await Program.run("report", "chargeback", agent: agent)
            #expect(ended.status == 1)
            #expect(ended.stdout.contains("NO: these figures contradict each other"))
        }
    }

    @Test("a page is written whole or not at all: to a new file, over an old one, to standard output, or not")
    func page() async throws {
        try await FakeAgent.serving { agent in
            func run(_ arguments: String...) async throws -> Program.Ended {
                await (try Program(["report", "credits"] + arguments, agent: agent)).end()
            }
            let file = agent.directory + "/credits.html"
            #expect(try await run("--html", file).status == 0)
            let page = try String(contentsOfFile: file, encoding: .utf8)
            #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") && page.contains("node2"))

            try Data(repeating: 0x41, count: 1 << 20).write(to: URL(fileURLWithPath: file))
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
            #expect(try await run("--html", file).status == 0)
            #expect(try String(contentsOfFile: file, encoding: .utf8).hasSuffix("</html>\n"))
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o640)

            let shown = try await run("--html", "-")
            #expect(shown.status == 0 && shown.stdout.hasPrefix("<!DOCTYPE html>"))

            let nowhere = try await run("--html", agent.directory + "/none/credits.html")
            #expect(nowhere.status == 1 && nowhere.stderr.contains("/none/credits.html") && nowhere.stdout.isEmpty)
            let directory = try await run("--html", agent.directory)
            #expect(directory.status == 1 && directory.stderr.contains("is a directory"))
            for both in [["--json"], ["--plain"]] {
                let refused = await (try Program(["report", "credits", "--html", file] + both, agent: agent)).end()
                #expect(refused.status == 2 && refused.stderr.contains("leave one out"))
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: agent.directory).filter { $0.contains("draft") }
            #expect(left.isEmpty)
        }
    }

    @Test("a lease that nobody grants ends with 1 and says what each peer answered")
    func refusedLease() async throws {
        let ended = try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.leaseReply = .with {
                    $0.refusal = .with { ($0.term, $0.reason) = ("cpu", "node2: only 2 cores; node3: no answer") }
                }
            }
            return try await Program.run("lease", "request", "--cpu", "64", agent: agent)
        }
        #expect(ended.status == 1)
        #expect(ended.stdout.isEmpty)
        #expect(ended.stderr.contains("cpu: node2: only 2 cores; node3: no answer"))
    }

    @Test("what would be lent instead is said with the command that asks for it, to people and to programs")
    func nearest() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.leaseReply.refusal = .with {
                    ($0.term, $0.reason) = ("cpu", "node2: only 2 cores")
                    $0.alternatives = [
                        .with {
                            ($0.kind, $0.node, $0.nodeName) = ("later", "nde_01m7ys0000000000000000000a", "node2")
                            $0.terms.amounts = .with { ($0.cpuMillicores, $0.memoryBytes) = (2500, 1 << 30) }
                            $0.terms.termMicroseconds = 3_600_000_000
                            $0.terms.startAt = 1_795_244_400_000_000
                        }
                    ]
                }
            }
            let command = "surplus lease request --cpu 2.5 --memory 1GiB --for 1h --start 2026-11-21T07:00:00Z --on node2"
            let ended = try await Program.run("lease", "request", "--cpu", "64", "--for", "2h", agent: agent)
            #expect(ended.status == 1 && ended.stdout.isEmpty)
            #expect(
                ended.stderr.contains("nearest: later: node2 lends 2.5 cores, 1 GiB for 1 h, beginning at"), "\(ended.stderr)")
            #expect(ended.stderr.contains("    \(command)\n"), "\(ended.stderr)")
            let json = try await Program.run("lease", "request", "--cpu", "64", "--for", "2h", "--json", agent: agent)
            #expect(json.status == 1 && json.stdout.contains("\"command\" : \"\(command)\""), "\(json.stdout)")
        }
    }

    @Test("what would be owed in kind instead is part of the command that asks for it")
    func nearestDeferral() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock {
                $0.leaseReply.refusal = .with {
                    ($0.term, $0.reason) = ("consideration", "node2: 110% of what is used are to be given back")
                    $0.alternatives = [
                        .with {
                            ($0.kind, $0.node, $0.nodeName) = ("otherwise", "nde_01m7ys0000000000000000000a", "node2")
                            $0.terms.amounts = .with { ($0.cpuMillicores, $0.memoryBytes) = (1000, 1 << 30) }
                            $0.terms.termMicroseconds = 3_600_000_000
                            $0.terms.consideration.deferred = .with {
                                ($0.shareCpu, $0.shareMemory, $0.rateCpu, $0.rateMemory) = (5000, 4000, 11_000, 10_000)
                                ($0.dueFrom, $0.dueUntil, $0.premium) = (1_795_244_400_000_000, 1_795_330_800_000_000, 3000)
                            }
                        }
                    ]
                }
            }
            let command =
                "surplus lease request --cpu 1 --memory 1GiB --for 1h --defer 50% --due-from 2026-11-21T07:00:00Z "
                + "--due 2026-11-22T07:00:00Z --rate 110% --premium 30% --no-credits --on node2"
            let ended = try await Program.run(
                "lease", "request", "--for", "1h", "--defer", "80%", "--no-credits", agent: agent)
            #expect(ended.status == 1 && ended.stderr.contains("    \(command)\n"), "\(ended.stderr)")
        }
    }

    @Test("a token goes into a new file that nobody else can read, and is never made when that cannot be")
    func tokenFile() async throws {
        try await FakeAgent.serving { agent in
            let file = "\(agent.directory)/token"
            let ended = try await Program.run("pool", "token", "create", "--out", file, agent: agent)
            #expect(ended.status == 0)
            #expect(try Scratch.read(file) == "surplus-token-v1.secret\n")
            #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
            let again = try await Program.run("pool", "token", "create", "--out", file, agent: agent)
            #expect(again.status == 1)
            #expect(again.stderr.contains("exists already"))
        }
    }

    @Test("a token that was refused leaves no file")
    func refusedToken() async throws {
        try await FakeAgent.serving { agent in
            agent.state.withLock { $0.refusal = RPCError(code: .permissionDenied, message: "no issuing role") }
            let ended = try await Program.run("pool", "token", "create", "--out", "\(agent.directory)/token", agent: agent)
            #expect(ended.status == 1)
            #expect(Scratch.isMissing("\(agent.directory)/token"))
        }
    }

    @Test("joining reads the token from a file or standard input, without the line feed")
    func join() async throws {
        try await FakeAgent.serving { agent in
            let piped = try await Program.run("pool", "join", "blade1:7800", "--token-file", "-", agent: agent, input: "secret\n")
            #expect(piped.stdout.contains("secret ("))
            try Scratch.write("filed\n", "\(agent.directory)/token")
            let filed = try await Program.run(
                "pool", "join", "blade1:7800", "--token-file", "\(agent.directory)/token", agent: agent)
            #expect(filed.stdout.contains("filed ("))
            let empty = try await Program.run("pool", "join", "blade1:7800", "--token-file", "-", agent: agent)
            #expect(empty.status == 1)
            #expect(empty.stderr.contains("no token in it"))
        }
    }

    @Test("usage asks for the time that was written, and shows figures with their units and a line over time")
    func usage() async throws {
        try await FakeAgent.serving { agent in
            let ended = try await Program.run(
                "usage", "node1", "--since", "2026-11-21T07:00:00Z", "--until", "2026-11-21T08:30Z", "--step", "1min", "--metric",
                "cpu",
                agent: agent)
            #expect(ended.status == 0, "\(ended.stderr)")
            #expect(ended.stdout.contains(/cpu +0 cores +0.25 cores +0.9 cores +1 core +/), "\(ended.stdout)")
            #expect(ended.stdout.contains("not measured  network_received"))
            let request = try #require(agent.state.withLock { $0.usageRequests.last })
            #expect(request.from == 1_795_244_400_000_000)
            #expect(request.until == 1_795_249_800_000_000)
            #expect(request.stepMicroseconds == 60_000_000)
            #expect(request.metrics == ["cpu"])
            #expect(request.target == "node1")
        }
    }

    @Test("usage --since 7d is seven days ago")
    func usageAgo() async throws {
        try await FakeAgent.serving { agent in
            let before = Int64(Date().timeIntervalSince1970 * 1e6) - 7 * 86_400_000_000
            #expect(try await Program.run("usage", "--since", "7d", agent: agent).status == 0)
            let from = try #require(agent.state.withLock { $0.usageRequests.last }).from
            #expect(from >= before && from - before < 60_000_000)
        }
    }
}
