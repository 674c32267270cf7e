import Resources
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    private func ids(_ count: Int, seed: UInt64 = 1) -> [LeaseID] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in LeaseID(high: random.next(), low: random.next()) }
    }

    @Test("The text form names exactly one identifier")
    func roundTrip() {
        let edges = [
            LeaseID(high: 0, low: 0), LeaseID(high: .max, low: .max), LeaseID(high: 1, low: 0), LeaseID(high: 0, low: 1),
        ]
        for id in ids(1000) + edges {
            #expect(LeaseID(id.description) == id)
            #expect(id.description.utf8.count == 30)
        }
    }

    @Test("Text sorts as identifiers do")
    func order() {
        let ids = ids(500)
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }

    @Test("An identifier made later sorts later and knows its millisecond")
    func time() {
        var random = SeededGenerator(seed: 2)
        var last = LeaseID(high: 0, low: 0)
        for millisecond in Int64(1_767_225_600_000)..<1_767_225_600_200 {
            let id = LeaseID(at: Timestamp(microseconds: millisecond * 1000 + 999), using: &random)
            #expect(last < id)
            #expect(id.madeAt == Timestamp(microseconds: millisecond * 1000))
            last = id
        }
    }

    @Test("Times no identifier can carry are cut, not trapped on", arguments: [Int64.min, -1, Int64.max])
    func extremes(_ microseconds: Int64) {
        var random = SeededGenerator(seed: 3)
        let id = LeaseID(at: Timestamp(microseconds: microseconds), using: &random)
        #expect(id.madeAt >= Timestamp(microseconds: 0))
    }

    @Test(
        "What is no identifier of this kind is refused",
        arguments: [
            "", "lse_", "lse", "job_00000000000000000000000000", "00000000000000000000000000", "lse_0000000000000000000000000",
            "lse_000000000000000000000000000", "lse_80000000000000000000000000", "lse_0000000000000000000000000I",
            "lse_0000000000000000000000000i", "lse_0000000000000000000000000u", "LSE_00000000000000000000000000",
            "lse_0000000000000000000000000é", "lse_ 0000000000000000000000000", "lse_00000000000000000000000000\n",
        ])
    func refused(_ text: String) {
        #expect(LeaseID(text) == nil)
    }

    @Test("Those that follow from one identifier are distinct and the same for everyone")
    func following() {
        let id = TransferID(high: 7, low: .max)
        let followers = (0..<100).map { id.following($0) }
        #expect(Set(followers).count == 100)
        #expect(followers.first == id)
        #expect(id.following(1) == TransferID(high: 7, low: 0))
    }
}
