import Bookkeeping
import Configuration
import Foundation
import Kernel
import Logging
import Node
import Resources
import TestKit
import Testing

@testable import Agent
@testable import LedgerStore

@Suite("The engine")
struct EngineTests {
    private static func engine(on store: LedgerStore) throws -> Engine {
        let clock = try SystemClock()
        let node: NodeID = JobFixture.newID()
        return try Engine(
            id: node, capacity: .zero, policy: try PolicyFile.shipped(.closed).policy, store: store,
            notary: PlainNotary(node: node), clock: { clock.now() },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, perform: { _ in })
    }

    @Test("ends with the reason when the ledger can be neither continued nor followed")
    func ledgerLost() async throws {
        let scratch = try ScratchDirectory()
        let store = try LedgerStore(directory: scratch.path + "/ledger")
        let engine = try Self.engine(on: store)
        // In the way of the successor's name.
        try FileManager.default.createDirectory(
            atPath: scratch.path + "/ledger/ledger-000002.sqlite", withIntermediateDirectories: false)
        let running = Task { try await engine.run() }
        await #expect(throws: LedgerStoreError.self) { try await store.closeSegment() }
        let error = await #expect(throws: LedgerStoreError.self) { try await running.value }
        if case .abandoned = error {} else { Issue.record("it ended with \(String(describing: error))") }
        store.close()
    }

    @Test(
        "is made anew when somebody else's record found the disk full, and goes on once there is room", .timeLimit(.minutes(2)))
    func fullDisk() async throws {
        let scratch = try ScratchDirectory()
        var options = LedgerStore.Options()
        options.maximumPages = 60
        let store = try LedgerStore(directory: scratch.path + "/ledger", options: options)
        let engine = try Self.engine(on: store)
        let running = Task { try await engine.run() }
        let big = Record.event(
            Event(at: engine.now.utc, kind: "test", subjects: [], text: String(repeating: "x", count: 400_000)))
        await #expect(throws: LedgerStoreError.self) { try await store.commit([big]) }
        for await _ in engine.announcements() {
            let events = try store.events(after: 0, limit: 100)
            if events.contains(where: { $0.event.kind == "ledger.restored" }), !engine.isFailed { break }
        }
        try await store.commit([.event(Event(at: engine.now.utc, kind: "test", subjects: [], text: "small"))])
        #expect(!engine.isFailed)
        running.cancel()
        _ = await running.result
        store.close()
    }
}
