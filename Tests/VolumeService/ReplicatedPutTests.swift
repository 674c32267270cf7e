import BlockClient
import Dispatch
import FrameKit
import Frames
import NIOCore
import Resources
import Testing
import Volumes

@Suite("Blocks on several servers", .timeLimit(.minutes(2)))
struct ReplicatedPutTests {
    private let volume = ServedBlocks.volume

    /// Three servers with stores of their own.
    private func withThree(_ body: (ServedBlocks, ServedBlocks, ServedBlocks) async throws -> Void) async throws {
        let peers = try FramePeers()
        try await ServedBlocks.serving(of: peers) { first in
            try await ServedBlocks.serving(of: peers, capacity: .mebibytes(16)) { second in
                try await ServedBlocks.serving(of: peers) { third in try await body(first, second, third) }
            }
        }
    }

    @Test("When it is answered, all servers have the blocks for good")
    func all() async throws {
        try await withThree { first, second, third in
            let block = ServedBlocks.block(1, 1_000_000)
            let outcome = await ReplicatedPut([block], of: volume, on: [first.peer, second.peer, third.peer]).run()
            #expect(outcome.stored == [first.peer.node, second.peer.node, third.peer.node])
            for served in [first, second, third] {
                #expect(served.disk.counts.withLock { $0.synchronizations } >= 1)
                let whole = try await served.peer.answer(to: .read(block.put.block, of: volume))
                #expect(whole.bytes == block.bytes)
            }
        }
    }

    @Test("It says which servers failed, and why")
    func some() async throws {
        try await withThree { first, second, third in
            try await second.peer.answer(to: .grant(second.store.usage.free, of: volume))
            await third.served.listener.shutDown()
            let outcome = await ReplicatedPut(
                [ServedBlocks.block(1)], of: volume, on: [first.peer, second.peer, third.peer]
            ).run()
            #expect(outcome.stored == [first.peer.node])
            #expect(outcome.replicas.map(\.node) == [first.peer.node, second.peer.node, third.peer.node])
            if case .store(.full) = outcome.replicas[1].error {} else { Issue.record("\(outcome)") }
            if case .call = outcome.replicas[2].error {} else { Issue.record("\(outcome)") }
        }
    }

    @Test("Threads can wait for it as tasks can")
    func blocking() async throws {
        try await withThree { first, second, third in
            let volume = volume
            let stored = await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    let put = ReplicatedPut([ServedBlocks.block(1)], of: volume, on: [first.peer, second.peer, third.peer])
                    continuation.resume(returning: put.wait().stored.count)
                }
            }
            #expect(stored == 3)
            #expect(await ReplicatedPut([ServedBlocks.block(1)], of: volume, on: []).run().replicas.isEmpty)
        }
    }
}
