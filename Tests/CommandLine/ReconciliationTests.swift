import Foundation
import Testing
import Wire

@Suite("surplus ledger reconcile") struct ReconciliationTests {
    @Test("a ledger that agrees says up to when, and what both have signed")
    func agreed() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", "node2", agent: $0) }
        #expect(ended.status == 0 && ended.stderr.isEmpty, "\(ended.stderr)")
        for part in ["node2", "agreed up to", "17 entries", "ckp_1"] {
            #expect(ended.stdout.contains(part), "\(part) in \(ended.stdout)")
        }
    }

    @Test("a difference is shown with both versions and who owes what, and is exit status 1")
    func differs() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", agent: $0) }
        #expect(ended.status == 1)
        for part in [
            "DIFFERS from trf_1 on", "lse_1", "0.5 credits owed to node3", "0.4 credits owed by node3", "by both before: ckp_1",
        ] {
            #expect(ended.stdout.contains(part), "\(part) in \(ended.stdout)")
        }
    }

    @Test("a peer that could not be compared is exit status 3; a difference beside it, also one known before, is shown and is 1")
    func failed() async throws {
        let (one, all, known) = try await FakeAgent.serving { agent in
            agent.state.withLock { $0.reconcilesMore = ["node5"] }
            return (
                try await Program.run("ledger", "reconcile", "node5", agent: agent),
                try await Program.run("ledger", "reconcile", agent: agent),
                try await Program.run("ledger", "reconcile", "node4", agent: agent)
            )
        }
        #expect(one.status == 3 && one.stdout.contains("not compared: failed to connect to node5"), "\(one.stdout)")
        #expect(all.status == 1 && all.stdout.contains("not compared: failed to connect to node5"), "\(all.stdout)")
        #expect(known.status == 1, "\(known.stdout)")
        for part in ["not compared: node4 says: it compares", "DIFFERS from trf_1 on, as was found before"] {
            #expect(known.stdout.contains(part), "\(part) in \(known.stdout)")
        }
    }

    @Test("a peer that left the pool is named and does not count")
    func departed() async throws {
        let ended = try await FakeAgent.serving { agent in
            agent.state.withLock { $0.reconcilesMore = ["node6"] }
            return try await Program.run("ledger", "reconcile", "--json", agent: agent)
        }
        let peer = try #require(try Self.peers(ended.stdout).last)
        #expect(peer.outcome == "departed" && peer.failure == "it has left the pool")
        let text = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", "node6", agent: $0) }
        #expect(text.status == 0 && text.stdout.contains("not compared: it has left the pool"), "\(text.stdout)")
    }

    @Test("an agent that cannot be asked is exit status 3, a peer without a name is bad usage")
    func unasked() async throws {
        let nobody = try await Program.run("ledger", "reconcile")
        #expect(nobody.status == 3 && nobody.stderr.contains("start surplusd"), "\(nobody.stderr)")
        let empty = try await Program.run("ledger", "reconcile", "")
        #expect(empty.status == 2 && empty.stderr.contains("peer: it is empty"), "\(empty.stderr)")
    }

    @Test("scripts get both versions in microcredits, and nothing beside a difference that reads as agreement")
    func json() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", "--json", agent: $0) }
        let peers = try Self.peers(ended.stdout)
        #expect(peers.map(\.peerName) == ["node2", "node3"] && peers.map(\.outcome) == ["agreed", "differs"])
        #expect(peers.map(\.entries) == [17, nil] && peers.map { $0.agreedUntil == nil } == [false, true])
        #expect(peers.last?.difference?.here?.amountMicrocredits == -500_000)
        #expect(peers.last?.difference?.there?.amountMicrocredits == 400_000)
    }

    @Test("the status of the ledger does not say that a peer agrees which is known to differ")
    func status() async throws {
        let (text, json) = try await FakeAgent.serving { agent in
            agent.state.withLock { $0.checkpoints = [Self.agreeing, Self.differing, Self.unsigned] }
            return (
                try await Program.run("ledger", "status", agent: agent),
                try await Program.run("ledger", "status", "--json", agent: agent)
            )
        }
        for part in ["agreed with node2", "with node3  ", "with node4  ", "by both before: ckp_1", "DIFFERS from trf_1 on"] {
            #expect(text.stdout.contains(part), "\(part) in \(text.stdout)")
        }
        #expect(!text.stdout.contains("agreed with node3") && !text.stdout.contains("agreed with node4"), "\(text.stdout)")
        struct Document: Decodable {
            struct Difference: Decodable { let peerName: String, here: Peer.Version? }
            let differences: [Difference]
        }
        let differences = try Self.decoder.decode(Document.self, from: Data(json.stdout.utf8)).differences
        #expect(differences.map(\.peerName) == ["node3", "node4"])
        #expect(differences.allSatisfy { $0.here?.transfer == "trf_1" })
    }

    private static let agreeing = FakeAgent.checkpoint(with: "node2")
    private static let differing = FakeAgent.checkpoint(with: "node3", differs: true)
    /// A difference that was found before anything was agreed on.
    private static let unsigned = Surplus_V1_CheckpointInfo.with {
        ($0.peer, $0.peerName, $0.difference) = ("nde_node4", "node4", FakeAgent.difference)
    }

    private struct Peer: Decodable {
        struct Difference: Decodable { let here, there: Version? }
        struct Version: Decodable { let transfer: String, amountMicrocredits: Int }
        let peerName, outcome: String
        let entries: Int?
        let agreedUntil: String?
        let difference: Difference?
        let failure: String?
    }

    private static func peers(_ text: String) throws -> [Peer] {
        struct Document: Decodable { let peers: [Peer] }
        return try decoder.decode(Document.self, from: Data(text.utf8)).peers
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
