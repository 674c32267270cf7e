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
}
