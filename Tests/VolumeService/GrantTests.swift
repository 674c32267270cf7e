import BlockClient
import BlockStore
import FrameKit
import Resources
import Testing
import VolumeKit
import VolumeService
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
                try await peer.answer(to: .releaseAll(of: client.node, of: VolumeID(high: 2, low: 2)))
                #expect(served.store.usage.granted == footprint * 2)
            }
        }
    }

    @Test("When a node has no session with its home any more, all that it has not used is free again", arguments: [false, true])
    func end(isSilent: Bool) async throws {
        let peers = try FramePeers()
        let directory = try TemporaryDirectory()
        try ServedHome.create(directory.path + "/volume")
        var options = HomeService.Options.patient
        if isSilent { options.home.sessionTerm = .seconds(2) }
        try await ServedBlocks.serving(of: peers) { served in
            let returning = GrantReturn(volume, on: [served.peer])
            try await ServedHome.serving(
                directory.path + "/volume", of: peers, options, onLeft: { returning.begin(for: $0) }
            ) { home in
                let client = try peers.node("client")
                try await served.served.calling(as: client) { pool in
                    try await BlockPeer(pool).answer(to: .grant(footprint, of: volume))
                    try await BlockPeer(pool).answer(to: .grant(footprint, of: VolumeID(high: 2, low: 2)))
                }
                let sessions = [SessionID(high: 1, low: 1), SessionID(high: 1, low: 2)]
                for session in sessions {
                    try await home.asking(as: client, session: session) { _ = try await $0.ask(.begin(node: client.node)) }
                }
                for (place, session) in sessions.enumerated() where !isSilent {
                    #expect(served.store.usage.granted == footprint * 2, "\(place) sessions are over")
                    try await home.asking(as: client, session: session) { asker in
                        _ = try await asker.ask(.resume(node: client.node))
                        _ = try await asker.ask(.end)
                    }
                }
                while served.store.usage.granted != footprint { await Task.yield() }
            }
        }
    }
}
