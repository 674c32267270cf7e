import Foundation
import Testing

@Suite("surplus ledger reconcile") struct ReconciliationTests {
    @Test("a ledger that agrees says up to when, and what both have signed")
    func agreed() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", "node2", agent: $0) }
        #expect(ended.status == 0 && ended.stderr.isEmpty, "\(ended.stderr)")
        for part in ["node2", "agreed up to", "17 entries", "ckp_1"] {
            #expect(ended.stdout.contains(part), "\(part) in \(ended.stdout)")
        }
    }

    @Test("a difference is shown with both versions, and is exit status 1")
    func differs() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", agent: $0) }
        #expect(ended.status == 1)
        for part in ["DIFFERS from trf_1 on", "lse_1", "0.5 credits", "0.4 credits"] {
            #expect(ended.stdout.contains(part), "\(part) in \(ended.stdout)")
        }
    }

    @Test("scripts get both versions in microcredits")
    func json() async throws {
        struct Document: Decodable {
            struct Peer: Decodable {
                struct Difference: Decodable { let here, there: Version? }
                struct Version: Decodable { let transfer: String, amountMicrocredits: Int }
                let outcome: String
                let difference: Difference?
            }
            let peers: [Peer]
        }
        let ended = try await FakeAgent.serving { try await Program.run("ledger", "reconcile", "--json", agent: $0) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let document = try decoder.decode(Document.self, from: Data(ended.stdout.utf8))
        #expect(document.peers.map(\.outcome) == ["agreed", "differs"])
        #expect(document.peers.last?.difference?.here?.amountMicrocredits == 500_000)
        #expect(document.peers.last?.difference?.there?.amountMicrocredits == 400_000)
    }
}
