import BlockStore
import Resources
import Testing
import VolumeClient
import Volumes

@Suite("Granted room", .timeLimit(.minutes(2)))
struct GrantTests {
    private let volume = ServedBlocks.volume

    /// What a block of these tests takes.
    private var footprint: Bytes { BlockStore.footprint(1000) }

    @Test("Blocks use what was granted, once; what was there already uses nothing")
    func use() async throws {
        try await ServedBlocks.serving { served in
            func granted() async throws -> Bytes { try await served.peer.answer(to: .usage(volume)).grantedToCaller }
            try await served.peer.answer(to: .grant(footprint * 3, of: volume))
            #expect(try await granted() == footprint * 3)
            try await served.peer.put([ServedBlocks.block(1, isGranted: true), ServedBlocks.block(2)])
            #expect(try await granted() == footprint * 2)
            try await served.peer.put([ServedBlocks.block(1, isGranted: true)])
            #expect(try await granted() == footprint * 2)
            #expect(served.store.usage.granted == footprint * 2)
            try await served.peer.answer(to: .release(footprint * 9, of: volume))
            #expect(served.store.usage.granted == .zero)
        }
    }

    @Test("With room granted a block is stored though nothing else is free")
    func full() async throws {
        try await ServedBlocks.serving(capacity: .mebibytes(1)) { served in
            let free = try await served.peer.answer(to: .usage(volume)).free
            try await served.peer.answer(to: .grant(free, of: volume))
            let failures = try await served.peer.put([ServedBlocks.block(1), ServedBlocks.block(2, isGranted: true)])
            #expect(Array(failures.keys) == [ServedBlocks.id(1)])
            if case .full = failures[ServedBlocks.id(1)] {} else { Issue.record("\(failures)") }
        }
    }

    @Test("Nobody uses or gives back what was granted to another")
    func others() async throws {
        try await ServedBlocks.serving { served in
            let client = try served.served.peers.node("other")
            try await served.served.calling(as: client) { pool in
                let (peer, other) = (served.peer, BlockPeer(pool))
                try await peer.answer(to: .grant(footprint * 2, of: volume))
                try await other.put([ServedBlocks.block(1, isGranted: true)])
                try await other.answer(to: .release(footprint * 2, of: volume))
                try await peer.answer(to: .release(footprint, of: VolumeID(high: 2, low: 2)))
                #expect(served.store.usage.granted == footprint * 2)
                served.blocks.releaseGrants(of: client.node)
                #expect(served.store.usage.granted == footprint * 2)
            }
        }
    }

    @Test("When a node's session is over, all that it has not used is free again")
    func end() async throws {
        try await ServedBlocks.serving { served in
            let client = try served.served.peers.node("client")
            try await served.served.calling(as: client) { pool in
                for volume in [volume, VolumeID(high: 2, low: 2)] {
                    try await BlockPeer(pool).answer(to: .grant(footprint, of: volume))
                }
                #expect(served.store.usage.granted == footprint * 2)
                served.blocks.releaseGrants(of: client.node)
                #expect(served.store.usage.granted == .zero)
            }
        }
    }
}
