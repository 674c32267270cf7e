import FrameKit
import Frames
import Resources
import Testing
import VolumeKit
import VolumeService
import Volumes

extension ServedHomes {
    /// Asks for a session over a connection of its own while the body runs.
    func asking<Value: Sendable>(
        _ volume: VolumeID, as client: FramePeer, _ body: (HomeAsker) async throws -> Value
    ) async throws -> Value {
        let link = FramePool(to: node, host: "127.0.0.1", port: plan.port, as: client, .single)
        let asker = HomeAsker(pool: link, node: client.node, session: SessionID(high: 1, low: 1), volume: volume)
        let result = await Result { () async throws in try await body(asker) }
        await link.shutDown()
        return try result.get()
    }

    var hasFailed: Bool { news.contains { if case .failed = $0 { true } else { false } } }
}

extension HomeAsker {
    /// Begins the session, makes files, and has them durable.
    func make(_ names: [String]) async throws {
        _ = try await ask(.begin(node: node))
        var last: UInt64 = 0
        for (number, name) in names.enumerated() {
            last = try #require(try await make(name, number: UInt64(number) + 1).record).index
        }
        #expect(try await ask(.synchronize(record: last)) == .done)
    }
}
