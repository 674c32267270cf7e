import Bookkeeping
import Configuration
import FoundationEssentials
import Kernel
import LedgerStore
import Logging
import Resources
import Testing
import Wire

@testable import Agent

@Suite("Ledger files by call")
struct LedgerFilesTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func agent() throws -> Agent {
        var configuration = try AgentConfiguration()
        (configuration.name, configuration.warden) = ("lone", .none)
        configuration.dataDirectory = scratch.path + "/data"
        configuration.standby = .init(directory: scratch.path + "/standby")
        let clock = try SystemClock()
        return try Agent(configuration, clock: { clock.now() }, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("they are archived, mounted and unmounted, and status and events tell of it")
    func course() async throws {
        let (agent, archive) = (try agent(), scratch.path + "/archive")
        let store = agent.house.store
        defer {
            store.close()
            agent.trail.store.close()
        }
        let transfer = Transfer(
            id: TransferID(high: 1, low: 1), kind: .direct, debit: .spent, credit: .earned, amount: 5,
            at: Timestamp(microseconds: 1_700_000_000_000_000))
        try await store.commit([.transfer(transfer)])
        try await store.closeSegment()
        let moved = try await agent.archiveLedger(.with { $0.directory = archive })
        #expect(moved.segments == [1])
        let away = try await agent.ledgerStatus()
        #expect(away.own.firstSegment == 2 && away.firstSegment == 2 && away.mounts.isEmpty)
        #expect(away.standby.directory == scratch.path + "/standby")
        let mounted = try await agent.mountLedger(.with { $0.directory = archive })
        #expect(mounted.mounts.map(\.lastSegment) == [1] && mounted.firstSegment == 0)
        #expect(mounted.mounts.flatMap(\.closed).map(\.number) == [1] && mounted.mounts.flatMap(\.closed).map(\.lastRow) == [2])
        #expect(mounted.own.closed.isEmpty, "the current file is still written to")
        let unmounted = try await agent.unmountLedger(.with { $0.directory = archive })
        #expect(unmounted.mounts.isEmpty)
        for wrong in ["archive", "", "/"] {
            await #expect(throws: FieldError.self, "'\(wrong)'") {
                try await agent.archiveLedger(.with { $0.directory = wrong })
            }
        }
        let kinds = try store.lastEvents(3).map(\.event.kind)
        #expect(kinds == ["ledger.archived", "ledger.mounted", "ledger.unmounted"])
    }

    @Test("an agent with a damaged ledger serves what can be read in its place, one without a ledger's fault is the agent")
    func openings() throws {
        var configuration = try AgentConfiguration()
        (configuration.name, configuration.warden) = ("lone", .none)
        configuration.dataDirectory = scratch.path + "/data"
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let whole = try Agent.open(configuration, from: "agent.yaml", log: log, recentLog: RecentLog())
        let agent = try #require(whole as? Agent)
        agent.house.store.close()
        agent.trail.store.close()
        let garbage = Data(repeating: 7, count: 8192)
        try garbage.write(to: URL(fileURLWithPath: configuration.dataDirectory + "/ledger/ledger-000001.sqlite"))
        let damaged = try Agent.open(configuration, from: "agent.yaml", log: log, recentLog: RecentLog())
        #expect(damaged is ReadOnlyAgent)
    }
}
