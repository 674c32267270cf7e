import Configuration
import Foundation
import Identity
import Kernel
import LedgerStore
import Logging
import Resources
import Synchronization
import TestKit
import Testing

@testable import Agent

/// An agent's household that a service manager waits for signs of life from.
private final class WatchedHouse {
    let played: PlayedServiceManager
    let house: Household
    private let directory = NSTemporaryDirectory() + "/surplus-signs-\(UUID())"

    init() throws {
        let played = try PlayedServiceManager(at: "@surplus-test-\(UUID())")
        self.played = played
        var configuration = try AgentConfiguration()
        configuration.dataDirectory = directory
        let store = try LedgerStore(directory: directory)
        house = Household(
            configuration: configuration, capacity: .zero, store: store, story: ChangeFeed(),
            policy: try PolicyDesk.open(configuration.policy, in: store).desk,
            identities: IdentityStore(dataDirectory: directory), clock: { ManualClock().now },
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            manager: ServiceManager { played.environment(watchdog: 4)[$0] })
    }

    deinit {
        house.store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Gives signs of life while `body` runs.
    func watching(
        _ engine: @escaping @Sendable () async -> Engine?, _ body: (PlayedServiceManager) async -> Void
    ) async {
        let running = Task { [house] in await SignsOfLife(house: house, engine: engine).run(every: .milliseconds(1)) }
        await body(played)
        running.cancel()
        await running.value
    }
}

@Suite("Signs of life")
struct SignsOfLifeTests {
    @Test("One comes each time that everything has answered; none while something hangs")
    func hanging() async throws {
        let (hangs, hang) = AsyncStream.makeStream(of: Void.self)
        let (releases, release) = AsyncStream.makeStream(of: Void.self)
        let looks = Mutex(0)
        let house = try WatchedHouse()
        await house.watching {
            let look = looks.withLock { looks in
                looks += 1
                return looks
            }
            if look == 3 {
                hang.yield()
                for await _ in releases { break }
            }
            return nil
        } _: { manager in
            for await _ in hangs { break }
            #expect(manager.waiting() == [["WATCHDOG=1"], ["WATCHDOG=1"]])
            release.yield()
            #expect(await manager.next() == ["WATCHDOG=1"])
        }
    }

    @Test("An agent that cannot write its ledger is alive")
    func closed() async throws {
        let house = try WatchedHouse()
        house.house.store.close()
        await house.watching {
            nil
        } _: {
            #expect(await $0.next() == ["WATCHDOG=1"])
        }
    }
}
