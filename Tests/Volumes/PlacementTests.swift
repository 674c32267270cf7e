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

    private func plan(_ nodes: [UInt64], damaged: [UInt64] = []) -> MendPlan {
        let map = StoreMap([
            store(1, "a"), store(2, "a"), store(3, "b", .closed), store(4, "c", .leaving), store(5, "d", .lost),
        ])
        return MendPlan(block(1, on: nodes), map, damaged: Set(damaged.map(node)), copies: 2)
    }

    @Test("a block is copied from where it is when it has too few copies on nodes that keep it, and those first")
    func lacking() {
        #expect(plan([1, 3]).isNeeded == false)
        let one = plan([1, 4, 5])
        #expect((one.missing, one.sources, one.keep) == (1, [1, 4].map(node), [node(1)]))
        #expect((one.drop, one.awaited) == ([node(4)], [node(5)]), "who nothing is heard of stays named")
        #expect(plan([4, 5]).missing == 2)
        #expect(plan([5]).isPossible == false)
    }

    @Test("a node is left out only beyond the copies that are needed, and one of each domain stays")
    func surplus() {
        let three = plan([1, 2, 3])
        #expect((three.keep, three.drop, three.missing) == ([1, 3].map(node), [node(2)], 0))
        #expect(plan([1, 3, 9]).drop == [node(9)], "a node that is gone for good")
        #expect(plan([1, 9]).missing == 1)
    }

    @Test("a damaged copy is no copy: it is replaced where it is, or left out where there are enough others")
    func damaged() {
        let two = plan([1, 3], damaged: [3])
        #expect((two.rewrite, two.missing, two.sources) == ([node(3)], 0, [node(1)]))
        let three = plan([1, 2, 3], damaged: [2])
        #expect((three.rewrite, three.drop) == ([], [node(2)]))
        let all = plan([1, 3], damaged: [1, 3])
        #expect((all.isPossible, all.doubtful) == (false, [1, 3].map(node)))
    }
}
