import Bookkeeping
import Configuration
import FoundationEssentials
import Kernel
import LedgerStore
import Logging
import Resources
import Testing
import Trading
import Wire

@testable import Agent
@testable import Node

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

    @Test("what borrow rules have paid counts after its file was archived, once if that is mounted, and also while it is away")
    func rulePayments() async throws {
        let (agent, archive) = (try agent(), scratch.path + "/archive")
        let store = agent.house.store
        defer {
            store.close()
            agent.trail.store.close()
        }
        let now = agent.house.clock()
        let (own, peer) = (NodeID(high: 7, low: 1), NodeID(high: 7, low: 2))
        let agreement = Agreement(
            id: AgreementID(high: 8, low: 1), lease: LeaseID(high: 9, low: 1), negotiation: NegotiationID(high: 1, low: 1),
            reservation: TransferID(high: 1, low: 9), borrower: own, lender: peer, user: "rule:busy",
            terms: Terms(
                amounts: Amounts(cpu: 1000), prices: Prices(cpu: .credits(1), memory: .zero), term: .minutes(15),
                notice: .standard),
            at: now.utc)
        let lease = Lease(agreement, role: .borrower, at: now, remaining: .minutes(15), rule: "busy")
        let bill = Bill(
            lease: lease.id, agreement: agreement.id, lender: peer, borrower: own, tariff: agreement.terms.tariff,
            agreementHash: Digest([UInt8](repeating: 0, count: 32)))
        func pay(_ number: UInt64) -> Record {
            .transfer(
                Transfer(
                    id: TransferID(high: 1, low: number), kind: .direct, debit: .spent, credit: .peer(peer), amount: 500,
                    lease: lease.id, at: now.utc))
        }
        func paid() throws -> Microcredits {
            try store.snapshot(at: now.utc).0.payments.reduce(.zero) { $0 + ($1.rule == "busy" ? $1.amount : .zero) }
        }
        try await store.commit([
            .trustLine(TrustLine(peer: peer, granted: .credits(1), ownCeiling: .credits(1))),
            .state(.lease, id: lease.id.description, LeaseEntry(lease: lease, bill: bill)), pay(1),
        ])
        try await store.closeSegment()
        try await store.commit([pay(2)])
        #expect(try paid() == 1000)
        _ = try await agent.archiveLedger(.with { $0.directory = archive })
        #expect(try paid() == 1000)
        try await store.closeSegment()
        _ = try await agent.archiveLedger(.with { $0.directory = archive })
        #expect(try paid() == 1000 && store.snapshot(at: now.utc).faults.isEmpty)
        _ = try await agent.mountLedger(.with { $0.directory = archive })
        #expect(try paid() == 1000)
        try FileManager.default.removeItem(atPath: archive)
        #expect(try paid() == 1000 && store.snapshot(at: now.utc).faults.count == 1)
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
