import Foundation
import GRPCCore
import Testing
import Wire

@Suite("surplus volume") struct VolumeTests {
    private static func run(_ agent: FakeAgent, _ arguments: String...) async throws -> Program.Ended {
        await (try Program(["volume"] + arguments, agent: agent)).end()
    }

    @Test("a glance at the status tells how safe a volume is, what is being done, and how long it takes")
    func status() async throws {
        let ended = try await FakeAgent.serving { try await Self.run($0, "status", "media") }
        #expect(ended.status == 0 && ended.stderr.isEmpty, "\(ended.stderr)")
        for part in [
            "at risk: of some blocks only one copy is left", "12 MiB in 3 blocks with one copy left",
            "48 MiB in 12 blocks with fewer than 2 copies in all", "1 damaged copy to be replaced",
            "evacuate node3: copying: 25%, 1 GiB of 4 GiB, about 3 min left", "36 GiB of 100 GiB used, 64 GiB free",
            "12031 of at most 1000000", "node2, epoch 3; backups node1, node3", "node1, node2 (2 mounts)",
            "leaving: its owner wants the room back",
        ] { #expect(ended.stdout.contains(part), "\(part) in \(ended.stdout)") }
    }

    @Test("a list names those that could not be asked, and does not guess how a volume is whose home is not heard of")
    func list() async throws {
        let ended = try await FakeAgent.serving { try await Self.run($0, "list") }
        #expect(ended.stdout.contains("not heard of: node4; volumes that only they keep are missing here"))
        let line = ended.stdout.split(separator: "\n").first { $0.hasPrefix("lost") }
        #expect(line?.contains("unknown") == true, "\(ended.stdout)")
    }

    @Test("a dry run says where the data would go, and ends with 1 where there is no room")
    func plan() async throws {
        try await FakeAgent.serving { agent in
            let good = try await Self.run(agent, "create", "media", "--size", "50GiB", "--dry-run")
            #expect(good.status == 0 && good.stdout.hasPrefix("dry run, nothing was changed\n"), "\(good)")
            #expect(good.stdout.contains("100 GiB needed, all of it found"))
            let bad = try await Self.run(agent, "create", "media", "--size", "51GiB", "--dry-run")
            #expect(bad.status == 1 && bad.stdout.contains("102 GiB needed, 100 GiB found"), "\(bad)")
            #expect(bad.stdout.contains("disk: only 100 GiB are lent"))
            #expect(agent.state.withLock(\.createdVolumes).isEmpty)
        }
    }

    @Test("what is made is what was asked for, with two copies unless more are wanted")
    func create() async throws {
        try await FakeAgent.serving { agent in
            let usual = try await Self.run(agent, "create", "media", "--size", "10GiB")
            let more = try await Self.run(
                agent, "create", "b", "--size", "1GiB", "--replicas", "3", "--on", "node1", "--on", "node2", "--on", "node3")
            #expect(usual.status == 0 && more.status == 0, "\(usual) \(more)")
            let created = agent.state.withLock(\.createdVolumes)
            #expect(created.map(\.copies) == [2, 3] && created.map(\.sizeBytes) == [10 << 30, 1 << 30])
            #expect(created.map(\.on) == [[], ["node1", "node2", "node3"]])
        }
    }

    @Test(
        "what cannot be meant is refused before anybody is asked, with 2",
        arguments: [
            (["create", "a/b", "--size", "1GiB"], "take 1 to 64 letters"),
            (["create", Sample.volume, "--size", "1GiB"], "it looks like an id"),
            (["create", "a", "--size", "1MiB"], "write 64 MiB to"), (["create", "a", "--size", "lots"], "size"),
            (["create", "a", "--size", "1GiB", "--replicas", "9"], "write 1 to 8"),
            (["create", "a", "--size", "1GiB", "--on", "node1"], "1 node for 2 copies"),
            (["create", "a", "--size", "1GiB", "--on", "node1", "--on", "node1"], "1 node for 2 copies"),
        ])
    func usage(arguments: [String], complaint: String) async throws {
        let ended = await (try Program(["volume"] + arguments)).end()
        #expect(ended.status == 2 && ended.stdout.isEmpty && ended.stderr.contains(complaint), "\(ended)")
    }

    @Test("to grow is to have more, to shrink less, but not less than what is in it")
    func resizing() async throws {
        try await FakeAgent.serving { agent in
            let grown = try await Self.run(agent, "grow", "media", "--size", "200GiB")
            #expect(grown.status == 0 && grown.stdout.contains("200 GiB"), "\(grown)")
            let shrunk = try await Self.run(agent, "shrink", "media", "--size", "50GiB")
            #expect(shrunk.status == 0, "\(shrunk)")
            for verb in ["grow", "shrink"] {
                let same = try await Self.run(agent, verb, "media", "--size", "100GiB")
                #expect(same.status == 2, "\(same)")
            }
            let full = try await Self.run(agent, "shrink", "media", "--size", "30GiB")
            #expect(full.status == 1 && full.stderr.contains("has 36 GiB in it"), "\(full)")
        }
    }

    @Test("an evacuation that leaves a volume out ends with 1, and says why")
    func evacuation() async throws {
        try await FakeAgent.serving { agent in
            let some = try await Self.run(agent, "evacuate", "node3")
            #expect(some.status == 1 && some.stdout.contains("home: the home of 'lost' is node4"), "\(some)")
            #expect(some.stdout.contains("1024 copies of blocks, 4 GiB"))
            let one = try await Self.run(agent, "evacuate", "node3", "--volume", "media")
            let dry = try await Self.run(agent, "evacuate", "node3", "--dry-run")
            #expect(one.status == 0 && dry.stdout.contains("4 GiB needed"), "\(one) \(dry)")
        }
    }

    @Test("what a scrub has mended is no fault any more, what a check finds is")
    func findings() async throws {
        try await FakeAgent.serving { agent in
            let scrub = try await Self.run(agent, "scrub", "media")
            #expect(scrub.status == 0 && scrub.stdout.contains("1 fault, 0 not mended"), "\(scrub)")
            let check = try await Self.run(agent, "check", "media")
            #expect(check.status == 1 && check.stdout.contains("blk_2") && check.stdout.contains("1 not mended"), "\(check)")
        }
    }

    @Test("nothing is deleted without being told so; what is deleted is named by its id")
    func deletion() async throws {
        try await FakeAgent.serving { agent in
            let asked = try await Self.run(agent, "delete", "media")
            #expect(asked.status == 2 && asked.stderr.contains("--yes"), "\(asked)")
            let dry = try await Self.run(agent, "delete", "media", "--dry-run")
            #expect(dry.status == 1 && dry.stdout.contains("would not be deleted: it is mounted on node1, node2"), "\(dry)")
            #expect(agent.state.withLock(\.deletedVolumes).isEmpty)
            let done = try await Self.run(agent, "delete", "media", "--yes")
            #expect(done.status == 0 && done.stdout.contains("node4, once heard of again"), "\(done)")
            #expect(agent.state.withLock(\.deletedVolumes) == [Sample.volume])
        }
    }

    @Test("a dry run of a takeover says who would be the home, and who no more")
    func takeover() async throws {
        let ended = try await FakeAgent.serving { try await Self.run($0, "takeover", "media", "--dry-run") }
        #expect(ended.status == 0 && ended.stdout.contains("node1 would become the home of 'media'"), "\(ended)")
        #expect(ended.stdout.contains("be the home no more"))
    }
}
