import Resources
import Testing

@testable import Volumes

@Suite("Where blocks lie")
struct PlacementTests {
    private func store(
        _ number: UInt64, _ domain: String? = nil, _ phase: StoreCondition.Phase = .open, free: UInt64 = 1 << 30
    ) -> StoreCondition { StoreCondition(node(number), domain: domain, phase: phase, free: free) }

    private func block(_ number: UInt64, on nodes: [UInt64]) -> Block {
        Block(id: BlockID(high: 0, low: number), length: 100, checksum: 0, replicas: nodes.map(node), live: 100)
    }

    @Test(
        "copies lie on different nodes that take blocks, and in different domains as far as there are some",
        arguments: 0..<50 as Range<UInt64>)
    func choice(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let stores = [
            store(1, "a"), store(2, "a"), store(3, "b"), store(4), store(5, "c", .closed), store(6, "d", .lost),
            store(7, "e", free: 10), store(8, "f", .leaving),
        ]
        let map = StoreMap(stores)
        let chosen = map.choose(3, for: 100, using: &random)
        #expect(Set(chosen).count == 3 && Set(chosen).isSubset(of: [1, 2, 3, 4].map(node)))
        #expect(!Set(chosen).isSuperset(of: [node(1), node(2)]), "both fail with a")
        #expect(Set(map.choose(9, for: 100, using: &random)) == Set([1, 2, 3, 4].map(node)))
        let besides = map.choose(2, for: 100, besides: [node(1)], using: &random)
        #expect(Set(besides) == [node(3), node(4)])
    }

    @Test("who has more room gets more")
    func weights() {
        var random = SeededGenerator(seed: 1)
        let map = StoreMap([store(1, free: 1 << 30), store(2, free: 3 << 30)])
        let first = (0..<4000).count { _ in map.choose(1, for: 1, using: &random) == [node(2)] }
        #expect((2850...3150).contains(first), "three quarters: \(first)")
    }

    @Test("what has fewest copies is copied first, from where it is, to where it is not")
    func repairs() {
        var random = SeededGenerator(seed: 1)
        let map = StoreMap([store(1), store(2), store(3), store(4, nil, .leaving), store(5, nil, .lost)])
        let blocks = [
            block(1, on: [1, 2]), block(2, on: [1, 5]), block(3, on: [4, 5]), block(4, on: [5]), block(5, on: [1, 4]),
        ]
        let repairs = map.repairs(of: blocks, copies: 2, footprint: UInt64.init, using: &random)
        #expect(repairs.map(\.block.low) == [2, 3, 5], "1 has its copies, and of 4 there is none")
        #expect(repairs.map(\.from) == [[node(1)], [node(4)], [node(1), node(4)]])
        #expect(repairs.map(\.to.count) == [1, 2, 1])
        for (repair, before) in zip(repairs, [blocks[1], blocks[2], blocks[4]]) {
            #expect(Set(repair.to).isDisjoint(with: before.replicas))
        }
    }

    @Test("a node is left only when the block has its copies elsewhere")
    func trimming() {
        let map = StoreMap([store(1), store(2), store(3, nil, .closed), store(4, nil, .leaving)])
        #expect(map.trimmed(block(1, on: [1, 4]), copies: 2) == nil)
        #expect(map.trimmed(block(1, on: [1, 2, 4]), copies: 2)?.replicas == [node(1), node(2)])
        #expect(map.trimmed(block(1, on: [1, 2, 3]), copies: 2)?.replicas == [node(1), node(2)])
        #expect(map.trimmed(block(1, on: [1, 3]), copies: 2) == nil)
    }
}
