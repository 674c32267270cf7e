import Foundation
import Testing
import Wire

@Suite("surplus credits net") struct NettingTests {
    @Test("each cycle is shown with what it came to, and what is owed before and after")
    func text() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("credits", "net", agent: $0) }
        #expect(ended.status == 0 && ended.stderr.isEmpty, "\(ended.stderr)")
        for part in [
            "node1 > node2 > node3 > node1", "netted", "refused: policy: node4: its policy nets nothing", "net_0",
            "owed to this node  0.3 credits, before 0.5 credits", "owed by this node  0.5 credits, before 0.7 credits",
        ] { #expect(ended.stdout.contains(part), "\(part) in \(ended.stdout)") }
    }

    @Test("a dry run says so, and names the cycles")
    func dryRun() async throws {
        let ended = try await FakeAgent.serving { try await Program.run("credits", "net", "--dry-run", agent: $0) }
        #expect(ended.status == 0 && ended.stdout.hasPrefix("dry run, nothing was changed\n"))
        #expect(ended.stdout.contains("found") && ended.stdout.contains("owed by this node  0.7 credits\n"))
    }

    @Test("scripts get what became of each cycle, with the id of what was netted")
    func json() async throws {
        struct Document: Decodable {
            struct Cycle: Decodable {
                let members, memberNames: [String]
                let amountMicrocredits: Int
                let outcome: String
                let netting: String?
            }
            let dryRun: Bool
            let cycles: [Cycle]
            let owedToUsBeforeMicrocredits, owedToUsAfterMicrocredits, weOweBeforeMicrocredits, weOweAfterMicrocredits: Int
        }
        let ended = try await FakeAgent.serving { try await Program.run("credits", "net", "--json", agent: $0) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let document = try decoder.decode(Document.self, from: Data(ended.stdout.utf8))
        #expect(!document.dryRun && document.cycles.map(\.outcome) == ["netted", "refused"])
        #expect(document.cycles.map(\.netting) == ["net_0", nil])
        #expect((document.weOweBeforeMicrocredits, document.weOweAfterMicrocredits) == (700_000, 500_000))
        #expect((document.owedToUsBeforeMicrocredits, document.owedToUsAfterMicrocredits) == (500_000, 300_000))
    }
}
