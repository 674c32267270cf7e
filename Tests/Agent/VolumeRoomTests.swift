import Resources
import Testing

@testable import Agent

@Suite("The room that a volume takes")
struct VolumeRoomTests {
    /// What a store of a size takes in blocks: a segment of it is kept, an eighth at most.
    private static func usable(_ lease: Bytes) -> Bytes { lease - min(.mebibytes(256), lease.scaled(by: 1, over: 8)) }

    @Test(
        "All copies have room on the nodes, with one of them lost where there are more than copies",
        arguments: [1, 2, 3, 8], [1, 2, 3, 4, 9, 64])
    func fits(copies: Int, nodes: Int) {
        guard nodes >= copies else { return }
        for size: Bytes in [.mebibytes(64), .mebibytes(300), .gibibytes(5), .gibibytes(4096)] {
            let share = VolumeRoom.share(of: size, copies: copies, nodes: nodes)
            let left = Int64(nodes > copies ? nodes - 1 : nodes)
            #expect(Self.usable(share).scaled(by: left, over: 1) >= size.scaled(by: Int64(copies), over: 1))
            // No node has a block twice.
            #expect(share <= VolumeRoom.lease(for: size))
        }
    }

    @Test("A larger volume never takes less")
    func monotonous() {
        var last = Bytes.zero
        for size in stride(from: Int64(64), to: 4096, by: 61) {
            let share = VolumeRoom.share(of: .mebibytes(size), copies: 2, nodes: 3)
            #expect(share >= last)
            last = share
        }
    }

    @Test("The largest volume fits, and one that is a MiB larger does not")
    func largest() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let rooms = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                Bytes.mebibytes(.random(in: 1...5000, using: &random))
            }
            let (copies, isOnAll) = (Int.random(in: 1...3, using: &random), Bool.random(using: &random))
            func fits(_ size: Bytes) -> Bool {
                let counts = isOnAll ? [rooms.count] : [copies, copies + 1]
                return counts.contains { count in
                    count >= copies && rooms.count { $0 >= VolumeRoom.share(of: size, copies: copies, nodes: count) } >= count
                }
            }
            let largest = VolumeRoom.largest(in: rooms, copies: copies, isOnAll: isOnAll)
            #expect(largest == .zero || fits(largest), "seed \(seed)")
            #expect(!fits(largest + .mebibytes(1)) || largest == .zero, "seed \(seed)")
        }
        #expect(VolumeRoom.largest(in: [.gibibytes(4)], copies: 2, isOnAll: false) == .zero)
    }

    // MARK: Giving back

    private static func leases(_ sizes: [Int64]) -> [(id: LeaseID, size: Bytes)] {
        sizes.enumerated().map { (LeaseID(high: 1, low: UInt64($0)), .mebibytes($1)) }
    }

    @Test("What is not needed is given back, by ending leases where that is enough, and never more than that")
    func surplus() {
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let leases = Self.leases(
                (0..<Int.random(in: 1...5, using: &random)).map { _ in .random(in: 1...1000, using: &random) })
            let (total, needed) = (
                leases.reduce(Bytes.zero) { $0 + $1.size }, Bytes.mebibytes(.random(in: 1...3000, using: &random))
            )
            let surplus = VolumeRoom.surplus(of: leases, beyond: needed)
            let kept = leases.filter { !surplus.ended.contains($0.id) }.reduce(surplus.borrowed) { $0 + $1.size }
            #expect(surplus.returned == total - kept, "seed \(seed)")
            #expect(kept >= min(total, needed), "seed \(seed)")
            // What is left over is less than an eighth.
            #expect(kept <= needed || kept - needed < kept.scaled(by: 1, over: 8), "seed \(seed)")
        }
    }

    @Test("A lease that was added is ended again, one alone is replaced by a smaller one, and a little is not worth it")
    func returns() {
        let grown = VolumeRoom.surplus(of: Self.leases([100, 60]), beyond: .mebibytes(100))
        #expect(grown == .init(ended: [LeaseID(high: 1, low: 1)], returned: .mebibytes(60)))
        let single = VolumeRoom.surplus(of: Self.leases([160]), beyond: .mebibytes(100))
        #expect(single == .init(ended: [LeaseID(high: 1, low: 0)], borrowed: .mebibytes(100), returned: .mebibytes(60)))
        #expect(VolumeRoom.surplus(of: Self.leases([160]), beyond: .mebibytes(150)) == .init())
        #expect(VolumeRoom.surplus(of: Self.leases([160]), beyond: .mebibytes(200)) == .init())
    }
}
